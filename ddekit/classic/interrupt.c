/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupt handlers in threads (see include/ddekit/interrupt.h). */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <ddekit/interrupt.h>

struct handler {
	struct handler *next;
	void (*fn)(void *priv);
	void *priv;
};

struct interrupt {
	struct interrupt *next;
	struct ddekit_irq *irq;
	ddekit_thread_t *thread;
	bool shared;
	void (*init)(void *priv);
	void *init_priv;
	int wake; /* eventfd: look at the flags */
	struct handler *handlers;
	bool enabled, running, stop; /* running: its handlers */
	bool asserted;               /* a line that waits for its handlers */
};

/* One lock for all, never held while a handler runs. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER; /* running became false */
static struct interrupt *table;
static __thread struct interrupt *current; /* whose thread this is */

static bool is_line(const struct interrupt *in)
{
	return ddekit_irq_fd(in->irq) < 0;
}

static void interrupt_wake(struct interrupt *in)
{
	uint64_t one = 1;

	while (write(in->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void eventfd_empty(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

static struct interrupt **interrupt_find(const struct ddekit_irq *irq)
{
	struct interrupt **p = &table;

	while (*p && (*p)->irq != irq)
		p = &(*p)->next;
	return p;
}

/* The line's handler, in the thread that reads the change. It may be called late, after
 * detach: then the line stays masked. */
static void line_asserted(void *irq)
{
	struct interrupt *in;

	pthread_mutex_lock(&lock);
	in = *interrupt_find(irq);
	if (in) {
		in->asserted = true;
		interrupt_wake(in);
	}
	pthread_mutex_unlock(&lock);
}

/* Lock held. Clears what has occurred. Return: whether the handlers are to be called. */
static bool interrupt_consume(struct interrupt *in, bool vector)
{
	if (!in->enabled || in->stop)
		return false;
	if (vector)
		eventfd_empty(ddekit_irq_fd(in->irq));
	vector |= in->asserted;
	in->asserted = false;
	return vector;
}

/* Calls the handlers if an interrupt has occurred. */
static void interrupt_deliver(struct interrupt *in, bool vector)
{
	struct handler *h;
	bool unmask;

	pthread_mutex_lock(&lock);
	in->running = interrupt_consume(in, vector);
	h = in->handlers;
	pthread_mutex_unlock(&lock);
	if (!in->running)
		return;
	for (; h; h = h->next)
		h->fn(h->priv);
	pthread_mutex_lock(&lock);
	in->running = false;
	unmask = is_line(in) && in->enabled;
	pthread_cond_broadcast(&idle);
	pthread_mutex_unlock(&lock);
	if (unmask)
		ddekit_irq_unmask(in->irq);
	ddekit_pci_flush(ddekit_irq_pci(in->irq));
}

/* Return: false: stop. */
static bool interrupt_look(struct interrupt *in, bool *ret_enabled)
{
	bool stop;

	pthread_mutex_lock(&lock);
	*ret_enabled = in->enabled;
	stop = in->stop;
	pthread_mutex_unlock(&lock);
	return !stop;
}

static void interrupt_run(void *arg)
{
	struct interrupt *in = arg;
	struct pollfd p[2] = { { .fd = in->wake, .events = POLLIN }, { .events = POLLIN } };
	int source = is_line(in) ? ddekit_pci_service_fd(ddekit_irq_pci(in->irq))
				 : ddekit_irq_fd(in->irq);
	bool enabled, dead = false;

	current = in;
	if (in->init)
		in->init(in->init_priv);
	while (interrupt_look(in, &enabled)) {
		p[1].fd = enabled && !dead ? source : -1;
		p[1].revents = 0;
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents)
			eventfd_empty(in->wake);
		if (p[1].revents && is_line(in))
			dead = ddekit_pci_service(ddekit_irq_pci(in->irq)) < 0;
		interrupt_deliver(in, p[1].revents && !is_line(in));
	}
}

static void interrupt_destroy(struct interrupt *in)
{
	if (in->wake >= 0)
		close(in->wake);
	free(in);
}

/* Return: NULL with errno set. */
static struct interrupt *interrupt_create(struct ddekit_irq *irq, bool shared, struct handler *h,
					  void (*init)(void *priv))
{
	struct interrupt *in = calloc(1, sizeof(*in));
	int err;

	if (!in)
		return NULL;
	*in = (struct interrupt){ .irq = irq,
				  .shared = shared,
				  .init = init,
				  .init_priv = h->priv,
				  .handlers = h,
				  .enabled = true };
	in->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (in->wake >= 0)
		in->thread = ddekit_thread_create(interrupt_run, in, "ddekit-irq");
	if (!in->thread) {
		err = errno;
		interrupt_destroy(in);
		errno = err;
		return NULL;
	}
	if (is_line(in))
		ddekit_irq_set_handler(irq, line_asserted, irq);
	return in;
}

/* Lock held. */
static struct interrupt *interrupt_attach(struct ddekit_irq *irq, bool shared, struct handler *h,
					  void (*init)(void *priv))
{
	struct interrupt *in = *interrupt_find(irq);

	if (!in) {
		in = interrupt_create(irq, shared, h, init);
		if (in) {
			in->next = table;
			table = in;
		}
		return in;
	}
	if (!shared || !in->shared) {
		errno = EBUSY;
		return NULL;
	}
	h->next = in->handlers;
	in->handlers = h;
	return in;
}

ddekit_thread_t *ddekit_interrupt_attach(struct ddekit_irq *irq, bool shared,
					 void (*init)(void *priv), void (*handler)(void *priv),
					 void *priv)
{
	struct handler *h = malloc(sizeof(*h));
	ddekit_thread_t *thread;
	struct interrupt *in;

	if (!h)
		return NULL;
	*h = (struct handler){ .fn = handler, .priv = priv };
	pthread_mutex_lock(&lock);
	in = interrupt_attach(irq, shared, h, init);
	thread = in ? in->thread : NULL;
	pthread_mutex_unlock(&lock);
	if (!in)
		free(h);
	else if (ddekit_irq_fd(irq) < 0)
		ddekit_irq_unmask(irq);
	return thread;
}

/* Lock held. Waits for running handlers, unless the caller is one of them. */
static void interrupt_wait_idle(struct interrupt *in)
{
	while (in->running && current != in)
		pthread_cond_wait(&idle, &lock);
}

/* Locked, idle. Removes those of priv. Return: how many. */
static unsigned int remove_handlers(struct interrupt *in, void *priv)
{
	struct handler **p = &in->handlers, *h;
	unsigned int n = 0;

	while ((h = *p)) {
		if (h->priv != priv) {
			p = &h->next;
			continue;
		}
		*p = h->next;
		free(h);
		n++;
	}
	return n;
}

/* No longer in the table. */
static void interrupt_stop(struct interrupt *in)
{
	interrupt_wake(in);
	ddekit_thread_join(in->thread);
	interrupt_destroy(in);
}

int ddekit_interrupt_detach(struct ddekit_irq *irq, void *priv)
{
	struct interrupt **p, *in, *last = NULL;
	int ret = -ENOENT;

	pthread_mutex_lock(&lock);
	in = *interrupt_find(irq);
	if (in)
		interrupt_wait_idle(in);
	p = interrupt_find(irq); /* the lock was released meanwhile */
	in = *p;
	if (in && remove_handlers(in, priv)) {
		ret = 0;
		if (!in->handlers) {
			*p = in->next;
			in->stop = true;
			last = in;
		}
	}
	pthread_mutex_unlock(&lock);
	if (last)
		interrupt_stop(last);
	return ret;
}

int ddekit_interrupt_disable(struct ddekit_irq *irq)
{
	struct interrupt *in;

	pthread_mutex_lock(&lock);
	in = *interrupt_find(irq);
	if (in) {
		in->enabled = false;
		interrupt_wait_idle(in);
	}
	pthread_mutex_unlock(&lock);
	return in ? 0 : -ENOENT;
}

/* If a line has fired meanwhile, asserted is set: its thread calls the handlers and unmasks
 * the line. */
int ddekit_interrupt_enable(struct ddekit_irq *irq)
{
	bool unmask = false;
	struct interrupt *in;

	pthread_mutex_lock(&lock);
	in = *interrupt_find(irq);
	if (in) {
		in->enabled = true;
		unmask = is_line(in) && !in->asserted && current != in;
		interrupt_wake(in);
	}
	pthread_mutex_unlock(&lock);
	if (unmask)
		ddekit_irq_unmask(irq);
	return in ? 0 : -ENOENT;
}
