// SPDX-License-Identifier: GPL-2.0-only
/* Busy waiting. */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/math64.h>
#include <linux/time64.h>
#include <asm/processor.h>
#include "kernel.h"

void calibrate_delay(void)
{
	loops_per_jiffy = NSEC_PER_SEC / HZ; /* __delay() counts nanoseconds */
}

/*
 * Interrupts are delivered if they are on.  Posted writes must reach the device
 * before the wait begins.
 */
void __ndelay(unsigned long nsecs)
{
	u64 start;

	if (dde_down->pci)
		dde_call_void(pci->mmio_flush());
	start = dde_down->time->mono();

	while (dde_down->time->mono() - start < nsecs)
		cpu_relax();
}
EXPORT_SYMBOL(__ndelay);

void __udelay(unsigned long usecs)
{
	__ndelay(usecs * NSEC_PER_USEC);
}
EXPORT_SYMBOL(__udelay);

/* xloops: microseconds * 2^32 / 10^6, that is seconds in units of 2^-32. */
void __const_udelay(unsigned long xloops)
{
	__ndelay(mul_u64_u64_shr(xloops, NSEC_PER_SEC, 32));
}
EXPORT_SYMBOL(__const_udelay);

void __delay(unsigned long loops)
{
	__ndelay(loops);
}
EXPORT_SYMBOL(__delay);
