/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests of ddekitd's that the runtime carries out. */
#ifndef DDEKIT_HOST_WORK_H
#define DDEKIT_HOST_WORK_H

#include <ddekit/pci.h>
#include "protocol/host.h"

struct bridge;

/**
 * work_begin - carry out a request
 * @req:    borrowed for the call
 * @bridge: borrowed until the reply; NULL: none
 * @pci:    whose statistics are sent; borrowed until the reply
 *
 * Main thread. The reply is sent when the runtime has done it.
 * Return: 0; -EOPNOTSUPP, -ENOMEM: nothing is sent.
 */
int work_begin(const struct proto_request *req, struct bridge *bridge, struct ddekit_pci *pci);
/* Replies at once: with an error, or with 0 and nothing else. */
void work_reply(const struct proto_request *req, int error);

#endif
