/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person does to a picture with a mouse and a keyboard, as the other device is told. */
#ifndef VIEWER_INPUT_H
#define VIEWER_INPUT_H

#include "viewer-sink.h"

G_BEGIN_DECLS

typedef struct _ViewerInput ViewerInput;

/* To be freed when @picture, which shows what comes from @sink, is gone. */
ViewerInput *viewer_input_new(GtkPicture *picture, ViewerSink *sink);
void viewer_input_free(ViewerInput *input);

/* Not so at first. */
void viewer_input_set_enabled(ViewerInput *input, gboolean enabled);
gboolean viewer_input_get_enabled(ViewerInput *input);

G_END_DECLS

#endif /* VIEWER_INPUT_H */
