/* SPDX-License-Identifier: GPL-2.0-only */
/* Saved claims: the checks that all backends share. */
#include <errno.h>
#include <fcntl.h>
#include "../backend.h"

int saved_other_build(char **ret_why)
{
	return why(ret_why, -EPROTO, "a claim that another build saved");
}

int saved_check_fds(const struct ddekit_claim_saved *saved, uint32_t want, char **ret_why)
{
	uint32_t i;

	if (saved->n_fds != want)
		return why(ret_why, -EBADF, "%u of %u files of the claim are there", saved->n_fds,
			   want);
	for (i = 0; i < want; i++)
		if (fcntl(saved->fds[i], F_SETFD, FD_CLOEXEC))
			return why(ret_why, -EBADF, "file %u of the claim is not open", i);
	return 0;
}
