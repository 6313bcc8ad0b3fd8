/* Removing a port from the conference bridge before the bridge added it: see
 * patches/0001.
 *
 * The first part needs no luck. The bridge reports a removal to its callback at
 * the moment when the slot is neither in use nor free. Whatever is asked of the
 * slot then must be refused, or it happens later to the port that has the slot by
 * then.
 *
 * The second part runs a clock, threads that add and remove ports of their own,
 * and threads that connect and remove what others added. As many removals must
 * succeed as additions, and as many ports be destroyed.
 *
 * usage: conf_race [ROUNDS]
 */
#include <pjlib.h>
#include <pjmedia.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    RATE = 16000, SAMPLES = RATE / 50,
    SLOTS = 32, OWNERS = 3, MEDDLERS = 2
};

static pj_caching_pool factory;
static pjmedia_conf *conf;
static pj_timestamp now;
static int failures;
static int rounds = 3000;

static int probing;
static pj_status_t probe[3];

static pj_atomic_t *stop, *added, *removed, *destroyed;
/* The slot that each owner announced last. */
static pj_atomic_t *slot_of[OWNERS];

static void check(int ok, const char *what)
{
    printf("%-4s %s\n", ok ? "ok" : "FAIL", what);
    if (!ok)
        ++failures;
}

static void must(pj_status_t status, const char *what)
{
    if (status != PJ_SUCCESS) {
        fprintf(stderr, "conf_race: %s: status %d\n", what, status);
        exit(2);
    }
}

static void on_op(const pjmedia_conf_op_info *info)
{
    unsigned slot;

    if (!probing || info->op_type != PJMEDIA_CONF_OP_REMOVE_PORT)
        return;
    probing = 0;
    slot = info->op_param.remove_port.port;
    probe[0] = pjmedia_conf_connect_port(conf, 0, slot, 0);
    probe[1] = pjmedia_conf_connect_port(conf, slot, 0, 0);
    probe[2] = pjmedia_conf_remove_port(conf, slot);
}

static void tick(void)
{
    pjmedia_port *master = pjmedia_conf_get_master_port(conf);
    pj_int16_t buf[SAMPLES];
    pjmedia_frame frame;

    pj_bzero(&frame, sizeof(frame));
    frame.type = PJMEDIA_FRAME_TYPE_AUDIO;
    frame.buf = buf;
    frame.size = sizeof(buf);
    frame.timestamp = now;
    now.u64 += SAMPLES;
    pjmedia_port_get_frame(master, &frame);
}

static void on_port_destroy(void *arg)
{
    pj_pool_t *pool = (pj_pool_t*)arg;

    pj_atomic_inc(destroyed);
    pj_pool_release(pool);
}

/* The rate differs from the bridge's, so that the port has resamplers. */
static pjmedia_port *new_port(void)
{
    pj_pool_t *pool = pj_pool_create(&factory.factory, "port", 1000, 1000, NULL);
    pjmedia_port *port;

    must(pjmedia_null_port_create(pool, RATE / 2, 1, SAMPLES / 2, 16, &port),
         "pjmedia_null_port_create");
    must(pjmedia_port_init_grp_lock(port, pool, NULL), "grp_lock");
    must(pj_grp_lock_add_handler(port->grp_lock, NULL, pool, &on_port_destroy),
         "pj_grp_lock_add_handler");
    return port;
}

static unsigned add(pjmedia_port *port)
{
    pj_pool_t *pool = pj_pool_create(&factory.factory, "add", 1000, 1000, NULL);
    unsigned slot;

    must(pjmedia_conf_add_port(conf, pool, port, NULL, &slot),
         "pjmedia_conf_add_port");
    pj_atomic_inc(added);
    pj_pool_release(pool);
    return slot;
}

static void part_one(void)
{
    pjmedia_conf_port_info info;
    pjmedia_port *first = new_port(), *second = new_port();
    unsigned slot = add(first), next;

    probing = 1;
    must(pjmedia_conf_remove_port(conf, slot), "removing a new port");
    pj_atomic_inc(removed);
    pjmedia_port_destroy(first);
    check(probing == 0, "the callback is told of the removal");
    check(probe[0] != PJ_SUCCESS, "connecting to the port meanwhile is refused");
    check(probe[1] != PJ_SUCCESS, "connecting from the port meanwhile is refused");
    check(probe[2] != PJ_SUCCESS, "removing the port meanwhile is refused");

    next = add(second);
    check(next == slot, "the slot is used again");
    tick();
    pj_bzero(&info, sizeof(info));
    if (pjmedia_conf_get_port_info(conf, next, &info) != PJ_SUCCESS) {
        check(0, "the port that has the slot next is still there");
        return;
    }
    check(info.listener_cnt == 0 && info.transmitter_cnt == 0,
          "the port that has the slot next is connected to nothing");
    must(pjmedia_conf_remove_port(conf, next), "removing an added port");
    pj_atomic_inc(removed);
    pjmedia_port_destroy(second);
    tick();
    check(pjmedia_conf_get_port_count(conf) == 1, "only the master port remains");
}

static int clock_thread(void *arg)
{
    PJ_UNUSED_ARG(arg);
    while (!pj_atomic_get(stop)) {
        tick();
        pj_thread_sleep(0);
    }
    return 0;
}

static int owner_thread(void *arg)
{
    int me = (int)(pj_ssize_t)arg, i;

    for (i = 0; i < rounds; ++i) {
        pjmedia_port *port = new_port();
        unsigned slot = add(port);

        pj_atomic_set(slot_of[me], slot);
        pjmedia_conf_connect_port(conf, 0, slot, 0);
        pjmedia_conf_connect_port(conf, slot, 0, 0);
        if (i % 3 == 0)
            pj_thread_sleep(0);
        /* A meddler may have been first, and the slot may be another's now. */
        if (pjmedia_conf_remove_port(conf, slot) == PJ_SUCCESS)
            pj_atomic_inc(removed);
        pjmedia_port_destroy(port);
    }
    return 0;
}

static int meddler_thread(void *arg)
{
    unsigned i = (unsigned)(pj_ssize_t)arg;

    while (!pj_atomic_get(stop)) {
        unsigned slot = (unsigned)pj_atomic_get(slot_of[++i % OWNERS]);

        if (slot == 0)
            continue;
        pjmedia_conf_connect_port(conf, slot, 0, 0);
        pjmedia_conf_connect_port(conf, 0, slot, 0);
        if (pjmedia_conf_remove_port(conf, slot) == PJ_SUCCESS)
            pj_atomic_inc(removed);
        if (i % 16 == 0)
            pj_thread_sleep(0);
    }
    return 0;
}

static void part_two(void)
{
    pj_pool_t *pool = pj_pool_create(&factory.factory, "threads", 4000, 4000, NULL);
    pj_thread_t *owner[OWNERS], *meddler[MEDDLERS], *clock;
    pj_atomic_value_t n, expected;
    pj_ssize_t i;

    must(pj_thread_create(pool, "clock", &clock_thread, NULL, 0, 0, &clock), "thread");
    for (i = 0; i < MEDDLERS; ++i)
        must(pj_thread_create(pool, "meddler", &meddler_thread, (void*)i, 0, 0,
                              &meddler[i]), "thread");
    for (i = 0; i < OWNERS; ++i)
        must(pj_thread_create(pool, "owner", &owner_thread, (void*)i, 0, 0,
                              &owner[i]), "thread");
    for (i = 0; i < OWNERS; ++i)
        pj_thread_join(owner[i]);
    pj_atomic_set(stop, 1);
    for (i = 0; i < MEDDLERS; ++i)
        pj_thread_join(meddler[i]);
    pj_thread_join(clock);

    /* The clock does a hundred operations a tick. */
    for (i = 0; i < 1000; ++i)
        tick();
    n = pj_atomic_get(removed);
    expected = pj_atomic_get(added);
    printf("     %ld ports added, %ld removed, %ld destroyed\n", (long)expected,
           (long)n, (long)pj_atomic_get(destroyed));
    check(n == expected, "every port was removed once");
    check(pj_atomic_get(destroyed) == expected, "every port was destroyed once");
    check(pjmedia_conf_get_port_count(conf) == 1, "only the master port remains");
    check(pjmedia_conf_get_connect_count(conf) == 0, "no connection remains");
    pj_pool_release(pool);
}

int main(int argc, char **argv)
{
    pjmedia_conf_param param;
    pj_pool_t *pool;
    int i;

    if (argc > 1)
        rounds = atoi(argv[1]);
    must(pj_init(), "pj_init");
    pj_log_set_level(0);
    pj_caching_pool_init(&factory, NULL, 0);
    pool = pj_pool_create(&factory.factory, "conf_race", 4000, 4000, NULL);
    must(pj_atomic_create(pool, 0, &stop), "atomic");
    must(pj_atomic_create(pool, 0, &added), "atomic");
    must(pj_atomic_create(pool, 0, &removed), "atomic");
    must(pj_atomic_create(pool, 0, &destroyed), "atomic");
    for (i = 0; i < OWNERS; ++i)
        must(pj_atomic_create(pool, 0, &slot_of[i]), "atomic");

    pjmedia_conf_param_default(&param);
    param.max_slots = SLOTS;
    param.sampling_rate = RATE;
    param.channel_count = 1;
    param.samples_per_frame = SAMPLES;
    param.bits_per_sample = 16;
    param.options = PJMEDIA_CONF_NO_DEVICE;
    param.worker_threads = 1;
    must(pjmedia_conf_create2(pool, &param, &conf), "pjmedia_conf_create2");
    must(pjmedia_conf_set_op_cb(conf, &on_op), "pjmedia_conf_set_op_cb");

    part_one();
    if (!failures)
        part_two();

    pjmedia_conf_destroy(conf);
    pj_pool_release(pool);
    pj_caching_pool_destroy(&factory);
    pj_shutdown();
    return failures != 0;
}
