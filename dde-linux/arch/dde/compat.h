/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernels call by different names; the architecture is written for 6.12's. */
#ifndef DDE_COMPAT_H
#define DDE_COMPAT_H

#include <linux/hex.h>
#include <linux/unaligned.h>
#include <asm/dde/compat.h>

#if !DDE_SINCE(6, 3)
#define list_count_nodes(head) \
	({ \
		struct list_head *at__; \
		size_t n__ = 0; \
\
		list_for_each(at__, head) n__++; \
		n__; \
	})
#endif

#if !DDE_SINCE(6, 8)
#define MAX_PAGE_ORDER (MAX_ORDER - !DDE_SINCE(6, 4))
#endif

#if !DDE_SINCE(6, 6)
#define simple_inode_init_ts(inode) \
	((inode)->i_atime = (inode)->i_mtime = (inode)->i_ctime = current_time(inode))
#endif

#if DDE_SINCE(6, 18)
#define generic_delete_inode inode_just_drop
#endif

/* Names are looked up anew each time. */
#if DDE_SINCE(6, 17)
#define dde_forget_dentries(sb) ((sb)->s_d_flags |= DCACHE_DONTCACHE)
#else
#define dde_forget_dentries(sb) ((sb)->s_d_op = &simple_dentry_operations)
#endif

/* Kernel threads see no files but by this. */
#if DDE_SINCE(7, 1)
#define dde_with_init_fs() scoped_with_init_fs()
#else
#define dde_with_init_fs()
#endif

#if DDE_SINCE(6, 19)
#define dde_vmalloc_pages() global_node_page_state(NR_VMALLOC)
#else
#define dde_vmalloc_pages() vmalloc_nr_pages()
#endif

#endif
