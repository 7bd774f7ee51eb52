/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program: its window, and what it says when nobody looks at that. */
#ifndef CONNECT_APP_H
#define CONNECT_APP_H

#include <adwaita.h>

G_BEGIN_DECLS

#define CONNECT_TYPE_APP (connect_app_get_type())
G_DECLARE_FINAL_TYPE(ConnectApp, connect_app, CONNECT, APP, AdwApplication)

ConnectApp *connect_app_new(void);

G_END_DECLS

#endif /* CONNECT_APP_H */
