// SPDX-License-Identifier: GPL-2.0-only
/*
 * Block bridge, kernel half: requests from the ring to the driver and back.  A thread
 * takes what the front has submitted, as much as there is at each wake-up, and plugs the
 * queue meanwhile; results go back from the driver's interrupt, with one word to the
 * front for all that ended in it.
 *
 * The kernel does not know the ring's memory, and no device reaches it: data is copied
 * to and from pages of the pool.
 */
#include <linux/bio.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include "kern.h"
#include "check.h"

#define MAX_ORDER_USED 4
#define NO_MEMORY msecs_to_jiffies(10) /* when none of ours will be freed */

/* The back's own view of a slot that is with the driver; the ring's is the front's to
 * scribble in. */
struct io {
	struct dde_block_request req;
	struct io *next;   /* in later */
	bool flush;        /* the flush that follows is on its way */
	struct page *page; /* kept from the slot's last request, for the next */
};

static struct {
	struct task_struct *thread;
	struct tasklet_struct notify;
	wait_queue_head_t idle;
	struct io io[DDE_BLOCK_SLOTS];
	unsigned long busy[BITS_TO_LONGS(DDE_BLOCK_SLOTS)]; /* with the driver */
	u64 pending[DDE_BLOCK_WORDS]; /* the thread's: taken from the ring, not issued */
	bool look;                    /* pending requests may go now */
	bool starved;                 /* they wait for memory */
	bool draining;                /* what is in flight ends, nothing begins */
	atomic_t inflight;
	atomic_t disk_inflight[DDE_BLOCK_DISKS];
	atomic_long_t bytes; /* of pages in use */
	long max_bytes;
	struct io *later; /* written, and a flush is to follow */
	spinlock_t lock;  /* of later */
} io;

static unsigned int slot_of(const struct io *r)
{
	return r - io.io;
}

static void *slot_data(unsigned int n)
{
	return (char *)bridge.ring + DDE_BLOCK_DATA + (size_t)n * DDE_BLOCK_SLOT_BYTES;
}

void io_kick(void)
{
	WRITE_ONCE(io.look, true);
	if (io.thread)
		wake_up_process(io.thread);
}

irqreturn_t io_irq(int irq, void *arg)
{
	if (io.thread)
		wake_up_process(io.thread);
	return IRQ_HANDLED;
}

bool io_busy(unsigned int disk)
{
	return atomic_read(&io.disk_inflight[disk]);
}

/* ---- results ------------------------------------------------------------------------ */

static void notify(struct tasklet_struct *t)
{
	unsigned long flags;

	local_irq_save(flags);
	bridge.down->notify(bridge.down);
	local_irq_restore(flags);
}

/* To the front. The slot may be used anew at once. */
static void answer(unsigned int n, int result)
{
	struct dde_block_slot *slot = &bridge.ring->slot[n];

	WRITE_ONCE(slot->result, result);
	__atomic_store_n(&slot->state, DDE_BLOCK_DONE, __ATOMIC_RELEASE);
	__atomic_fetch_or(&bridge.ring->done[n / 64], 1ull << n % 64, __ATOMIC_SEQ_CST);
	tasklet_schedule(&io.notify);
}

static void end(struct io *r, int result)
{
	unsigned int n = slot_of(r), disk = r->req.disk;

	clear_bit(n, io.busy);
	smp_mb__after_atomic(); /* before the front may submit it again */
	answer(n, result);
	atomic_dec(&io.disk_inflight[disk]);
	if (READ_ONCE(io.starved))
		io_kick();
	if (atomic_dec_and_test(&io.inflight))
		wake_up_all(&io.idle);
}

/* ---- bios ---------------------------------------------------------------------------- */

static void free_pages_of(struct io *r, struct bio *bio)
{
	struct page *page;
	long bytes = 0;
	int i;

	for (i = 0; i < bio->bi_vcnt; i++) {
		page = bio->bi_io_vec[i].bv_page;
		bytes += page_size(page);
		if (!r->page && !PageCompound(page))
			r->page = page;
		else
			put_page(page);
	}
	atomic_long_sub(bytes, &io.bytes);
}

static void copy(struct bio *bio, char *data, bool to_ring)
{
	int i;

	for (i = 0; i < bio->bi_vcnt; i++) {
		const struct bio_vec *v = &bio->bi_io_vec[i];
		char *page = page_address(v->bv_page);

		memcpy(to_ring ? data : page, to_ring ? page : data, v->bv_len);
		data += v->bv_len;
	}
}

/* The kernel has no FUA for zeroes: they are flushed by the thread. */
static bool wants_flush(const struct io *r)
{
	return r->req.op == DDE_BLOCK_WRITE_ZEROES && r->req.flags & DDE_BLOCK_FUA;
}

static void flush_later(struct io *r)
{
	unsigned long flags;

	spin_lock_irqsave(&io.lock, flags);
	r->next = io.later;
	io.later = r;
	spin_unlock_irqrestore(&io.lock, flags);
	wake_up_process(io.thread);
}

/* Any context. */
static void bio_done(struct bio *bio)
{
	struct io *r = bio->bi_private;
	int err = blk_status_to_errno(bio->bi_status);

	if (!err && r->req.op == DDE_BLOCK_READ)
		copy(bio, slot_data(slot_of(r)), true);
	if (r->req.op <= DDE_BLOCK_WRITE)
		free_pages_of(r, bio);
	bio_put(bio);
	if (!err && wants_flush(r) && !r->flush)
		flush_later(r);
	else
		end(r, err);
}

/* A piece of memory, as large as is to be had easily. Return: bytes, 0: none. */
static unsigned int add_piece(struct io *r, struct bio *bio, unsigned int left)
{
	int order = min(get_order(left), MAX_ORDER_USED);
	struct page *page = NULL;
	unsigned int len;

	if (!order)
		swap(page, r->page);
	for (; order >= 0 && !page; order--)
		page = alloc_pages(GFP_NOIO | __GFP_COMP | __GFP_NOWARN | __GFP_NORETRY, order);
	if (!page)
		return 0;
	len = min_t(unsigned int, left, page_size(page));
	__bio_add_page(bio, page, len, 0);
	atomic_long_add(page_size(page), &io.bytes);
	return len;
}

static struct bio *data_bio(struct block_device *bdev, struct io *r)
{
	blk_opf_t op = r->req.op == DDE_BLOCK_READ ? REQ_OP_READ : REQ_OP_WRITE;
	struct bio *bio;
	unsigned int left, n;

	if (atomic_long_read(&io.bytes) + (long)r->req.bytes > io.max_bytes &&
	    atomic_long_read(&io.bytes))
		return ERR_PTR(-ENOMEM);
	if (r->req.flags & DDE_BLOCK_FUA)
		op |= REQ_FUA;
	bio = bio_alloc(bdev, DIV_ROUND_UP(r->req.bytes, PAGE_SIZE), op | REQ_SYNC, GFP_NOIO);
	for (left = r->req.bytes; left; left -= n) {
		n = add_piece(r, bio, left);
		if (!n) {
			free_pages_of(r, bio);
			bio_put(bio);
			return ERR_PTR(-ENOMEM);
		}
	}
	if (r->req.op == DDE_BLOCK_WRITE)
		copy(bio, slot_data(slot_of(r)), false);
	return bio;
}

/* Return: NULL: nothing to be done. */
static struct bio *empty_bio(struct block_device *bdev, const struct io *r)
{
	sector_t sector = r->req.offset >> SECTOR_SHIFT, n = r->req.bytes >> SECTOR_SHIFT;
	unsigned int flags = r->req.flags & DDE_BLOCK_NO_UNMAP ? BLKDEV_ZERO_NOUNMAP : 0;
	struct bio *bio = NULL;
	int err;

	if (r->req.op == DDE_BLOCK_FLUSH)
		return bio_alloc(bdev, 0, REQ_OP_WRITE | REQ_PREFLUSH | REQ_SYNC, GFP_NOIO);
	if (r->req.op == DDE_BLOCK_DISCARD && !bdev_max_discard_sectors(bdev))
		return ERR_PTR(-EOPNOTSUPP);
	if (r->req.op == DDE_BLOCK_DISCARD)
		err = __blkdev_issue_discard(bdev, sector, n, GFP_NOIO, &bio);
	else
		err = __blkdev_issue_zeroout(bdev, sector, n, GFP_NOIO, &bio, flags);
	return err ? ERR_PTR(err) : bio;
}

static void submit(struct io *r, struct bio *bio)
{
	if (r->req.op <= DDE_BLOCK_WRITE)
		bio->bi_iter.bi_sector = r->req.offset >> SECTOR_SHIFT;
	bio->bi_private = r;
	bio->bi_end_io = bio_done;
	submit_bio(bio);
}

/* ---- the thread ------------------------------------------------------------------------- */

/* Return: 0: it may go; -EAGAIN: its disk may still come; else the answer to it. */
static int check(const struct dde_block_request *q)
{
	/* As the kernel's own layers say it. */
	static const int error[] = {
		[DDE_BLOCK_FINE] = 0,
		[DDE_BLOCK_MALFORMED] = -EINVAL,
		[DDE_BLOCK_READ_ONLY] = -EROFS,
		[DDE_BLOCK_BEYOND] = -EIO,
	};
	const struct disk *d;

	if (q->disk >= DDE_BLOCK_DISKS)
		return -EINVAL;
	d = &bridge.disk[q->disk];
	if (!d->gd && bridge.grace && !d->gone && READ_ONCE(bridge.ring->disk[q->disk].sequence))
		return -EAGAIN;
	if (!d->gd)
		return -ENODEV;
	return error[dde_block_check(q, bdev_logical_block_size(d->gd->part0),
				     get_capacity(d->gd) << SECTOR_SHIFT, get_disk_ro(d->gd))];
}

static void read_slot(const struct dde_block_slot *slot, struct dde_block_request *q)
{
	q->op = READ_ONCE(slot->op);
	q->flags = READ_ONCE(slot->flags);
	q->disk = READ_ONCE(slot->disk);
	q->bytes = READ_ONCE(slot->bytes);
	q->offset = READ_ONCE(slot->offset);
}

/* Return: false: it has to wait. */
static bool issue(unsigned int n)
{
	struct dde_block_slot *slot = &bridge.ring->slot[n];
	u32 state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
	struct io *r = &io.io[n];
	struct block_device *bdev;
	struct bio *bio;
	int err;

	if (READ_ONCE(io.draining))
		return false;
	if (state != DDE_BLOCK_SUBMITTED && state != DDE_BLOCK_ISSUED)
		return true;
	read_slot(slot, &r->req);
	r->flush = false;
	err = check(&r->req);
	if (err == -EAGAIN)
		return false;
	if (err) {
		answer(n, err);
		return true;
	}
	bdev = bridge.disk[r->req.disk].gd->part0;
	bio = r->req.op <= DDE_BLOCK_WRITE ? data_bio(bdev, r) : empty_bio(bdev, r);
	if (bio == ERR_PTR(-ENOMEM)) {
		WRITE_ONCE(io.starved, true);
		return false;
	}
	if (IS_ERR_OR_NULL(bio)) {
		answer(n, PTR_ERR_OR_ZERO(bio));
		return true;
	}
	WRITE_ONCE(slot->state, DDE_BLOCK_ISSUED);
	set_bit(n, io.busy);
	atomic_inc(&io.inflight);
	atomic_inc(&io.disk_inflight[r->req.disk]);
	submit(r, bio);
	return true;
}

/* Bits of slots that are with the driver are a front's nonsense. */
static void issue_submitted(void)
{
	unsigned int w;
	u64 bits;

	BUILD_BUG_ON(BITS_PER_LONG != 64);
	for (w = 0; w < DDE_BLOCK_WORDS; w++) {
		if (!READ_ONCE(bridge.ring->submitted[w]))
			continue;
		bits = __atomic_exchange_n(&bridge.ring->submitted[w], 0, __ATOMIC_SEQ_CST);
		io.pending[w] |= bits & ~READ_ONCE(io.busy[w]);
	}
}

static void flush_written(void)
{
	struct io *r, *next;
	struct disk *d;

	spin_lock_irq(&io.lock);
	r = io.later;
	io.later = NULL;
	spin_unlock_irq(&io.lock);
	for (; r; r = next) {
		struct bio *bio;

		next = r->next;
		d = &bridge.disk[r->req.disk];
		if (!d->gd) {
			end(r, -ENODEV);
			continue;
		}
		bio = bio_alloc(d->gd->part0, 0, REQ_OP_WRITE | REQ_PREFLUSH, GFP_NOIO);
		r->flush = true;
		bio->bi_private = r;
		bio->bi_end_io = bio_done;
		submit_bio(bio);
	}
}

static void issue_pending(void)
{
	struct blk_plug plug;
	unsigned int w;
	u64 bits, bit;

	mutex_lock(&bridge.lock);
	blk_start_plug(&plug);
	for (w = 0; w < DDE_BLOCK_WORDS && !READ_ONCE(io.draining); w++)
		for (bits = io.pending[w]; bits; bits &= ~bit) {
			bit = bits & -bits;
			if (issue(w * 64 + __ffs64(bit)))
				io.pending[w] &= ~bit;
		}
	flush_written();
	blk_finish_plug(&plug);
	mutex_unlock(&bridge.lock);
}

static bool work_waits(void)
{
	unsigned int w;

	if (READ_ONCE(io.look) || READ_ONCE(io.later))
		return true;
	if (READ_ONCE(io.draining))
		return false;
	for (w = 0; w < DDE_BLOCK_WORDS; w++)
		if (READ_ONCE(bridge.ring->submitted[w]))
			return true;
	return false;
}

static int io_thread(void *arg)
{
	while (!kthread_should_stop()) {
		WRITE_ONCE(io.look, false);
		WRITE_ONCE(io.starved, false);
		if (!READ_ONCE(io.draining))
			issue_submitted();
		issue_pending();
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop() && !work_waits())
			schedule_timeout(io.starved && !atomic_read(&io.inflight)
						 ? NO_MEMORY
						 : MAX_SCHEDULE_TIMEOUT);
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

/* ---- life --------------------------------------------------------------------------------- */

/* What a dead predecessor left: issued or not, it is issued now; of what it had done the
 * front may not have heard. */
static void inherit_slots(struct dde_block_ring *ring)
{
	unsigned int n;

	memset(io.pending, 0, sizeof(io.pending));
	for (n = 0; n < DDE_BLOCK_SLOTS; n++) {
		u32 state = __atomic_load_n(&ring->slot[n].state, __ATOMIC_ACQUIRE);
		u64 bit = 1ull << n % 64;

		if (state == DDE_BLOCK_SUBMITTED || state == DDE_BLOCK_ISSUED)
			io.pending[n / 64] |= bit;
		else if (state == DDE_BLOCK_DONE)
			__atomic_fetch_or(&ring->done[n / 64], bit, __ATOMIC_SEQ_CST);
	}
	tasklet_schedule(&io.notify);
}

int io_start(struct bridge *b)
{
	struct task_struct *thread;

	tasklet_setup(&io.notify, notify);
	init_waitqueue_head(&io.idle);
	spin_lock_init(&io.lock);
	io.max_bytes = (long)totalram_pages() * PAGE_SIZE / 4;
	io.draining = false;
	inherit_slots(b->ring);
	thread = kthread_create(io_thread, NULL, "dde-block");
	if (IS_ERR(thread)) {
		tasklet_kill(&io.notify);
		return PTR_ERR(thread);
	}
	io.thread = thread;
	wake_up_process(thread);
	return 0;
}

/* What is pending stays SUBMITTED in the ring, for whoever comes next. */
void io_stop(struct bridge *b)
{
	struct task_struct *thread = io.thread;
	unsigned int n;

	WRITE_ONCE(io.draining, true);
	/* The thread may be about to issue what it has begun with. */
	mutex_lock(&b->lock);
	mutex_unlock(&b->lock);
	wait_event(io.idle, !atomic_read(&io.inflight));
	/* Whoever kicks holds the lock, or has a request in flight. */
	mutex_lock(&b->lock);
	io.thread = NULL;
	mutex_unlock(&b->lock);
	kthread_stop(thread);
	tasklet_kill(&io.notify);
	for (n = 0; n < DDE_BLOCK_SLOTS; n++) {
		if (io.io[n].page)
			put_page(io.io[n].page);
		io.io[n].page = NULL;
	}
}
