// SPDX-License-Identifier: GPL-2.0-only
/* Constants for assembly code: none are needed, but kbuild wants the file. */
#include <linux/kbuild.h>

int main(void)
{
	return 0;
}
