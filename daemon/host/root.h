/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where miracastd is on the bus. */
#ifndef HOST_ROOT_H
#define HOST_ROOT_H

#define HOST_BUS_NAME  "io.github.linux_miracast"
#define HOST_BUS_ROOT  "/io/github/linux_miracast"
#define HOST_BUS_ERROR HOST_BUS_NAME ".Error."

#endif /* HOST_ROOT_H */
