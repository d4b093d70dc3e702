/* SPDX-License-Identifier: GPL-2.0-only */
/* States and names of the control interface, for ddekitd and ddectl. */
#ifndef DDEKIT_PROTOCOL_CONTROL_H
#define DDEKIT_PROTOCOL_CONTROL_H

#define CONTROL_SERVICE "org.ddekit"
#define CONTROL_PATH "/org/ddekit/Manager1"
#define CONTROL_INTERFACE "org.ddekit.Manager1"
#define CONTROL_DEVICE_PATH "/org/ddekit/device"
#define CONTROL_DEVICE_INTERFACE "org.ddekit.Device1"
#define CONTROL_RUNTIME_DIR "/run/ddekit"
#define CONTROL_SOCKET "control.sock"

enum device_state {
	DEVICE_CONFIGURED,
	DEVICE_CLAIMING,
	DEVICE_STARTING,
	DEVICE_UP,
	DEVICE_STOPPING,
	DEVICE_RESTARTING,
	DEVICE_FAILED,
	DEVICE_ABSENT,
};

/* Their names: what an array of them is initialised with. */
#define CONTROL_STATES \
	[DEVICE_CONFIGURED] = "configured", [DEVICE_CLAIMING] = "claiming", \
	[DEVICE_STARTING] = "starting", [DEVICE_UP] = "up", [DEVICE_STOPPING] = "stopping", \
	[DEVICE_RESTARTING] = "restarting", [DEVICE_FAILED] = "failed", [DEVICE_ABSENT] = "absent"

/* Flags of Bind, PlanBind and Unbind. */
#define CONTROL_BIND_RUNTIME 1u /* not written down */
#define CONTROL_BIND_FORCE 2u   /* whoever uses the device */
#define CONTROL_BIND_ALL (CONTROL_BIND_RUNTIME | CONTROL_BIND_FORCE)

#define CONTROL_ERROR_NO_DEVICE "org.ddekit.Error.NoSuchDevice"
#define CONTROL_ERROR_EXISTS "org.ddekit.Error.AlreadyBound"
#define CONTROL_ERROR_STATE "org.ddekit.Error.WrongState"
#define CONTROL_ERROR_CONFIG "org.ddekit.Error.BadConfiguration"
#define CONTROL_ERROR_FAILED "org.ddekit.Error.Failed"

#endif
