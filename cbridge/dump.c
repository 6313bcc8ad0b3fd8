/* dump.c: the state of the whole library as text. */
#include "bridge.h"

#include <stdlib.h>
#include <string.h>

/* What pjsua_dump has logged on this thread. */
static _Thread_local struct dump {
    char *text;
    size_t len, room;
} *dumping;

static pj_log_func *logger; /* what the log goes to otherwise */

static void append(struct dump *d, const char *data, size_t len)
{
    if (d->len + len > d->room) {
        size_t room = 2 * (d->len + len);
        char *text = realloc(d->text, room);

        if (!text)
            return;
        d->text = text;
        d->room = room;
    }
    memcpy(d->text + d->len, data, len);
    d->len += len;
}

/* Other threads log as ever meanwhile. */
static void write_dump(int level, const char *data, int len)
{
    if (dumping)
        append(dumping, data, (size_t)len);
    else
        logger(level, data, len);
}

char *oh_dump(int detail, size_t *size)
{
    struct dump d = {malloc(4096), 0, 4096};
    int level = pj_log_get_level();

    *size = 0;
    if (!d.text)
        return NULL;
    dumping = &d;
    logger = pj_log_get_log_func();
    pj_log_set_log_func(write_dump);
    if (level < 3)
        pj_log_set_level(3);
    pjsua_dump(detail);
    pj_log_set_level(level);
    pj_log_set_log_func(logger);
    dumping = NULL;
    *size = d.len;
    return d.text;
}
