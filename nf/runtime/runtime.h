/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of nf/runtime share. Everything here belongs to the management thread, except where a
 * line says otherwise. Functions return 0 or -errno after logging what went wrong, unless noted.
 */
#ifndef NF_RUNTIME_H
#define NF_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include <nf/ctl.h>
#include <nf/iface.h>
#include <nf/log.h>
#include <nf/plugin.h>

#include "sluice_config.h"

/* clock.c */
void clock_init(void);

/* eal.c: brings DPDK up with the ports' devices; prepares lcore 0 for mgmt and 1..n for workers. */
int eal_start(const struct sluice_config *cfg, uint32_t *ret_workers);
uint32_t eal_worker_count(const struct sluice_config *cfg);

/* port.c */
int ports_open(const struct sluice_config *cfg, uint32_t workers);
int ports_start(void);
void ports_stop(void);

/* pool.c: the pool of all packets, valid until the process ends. */
struct rte_mempool;
int pool_create(const struct sluice_config *cfg, uint32_t workers);
struct rte_mempool *ports_pool(void);
uint16_t port_descriptors(const struct config_port *c); /* per queue */

/* host.c: the kernel's side of the host port. check: before EAL makes the TAP; start: after the ports. */
int host_check(const struct sluice_config *cfg);
int host_start(const char *name);
void host_net_changed(void); /* nf_net() is new; nothing without a host port */
void host_stop(void);

/* netconf.c: nf_net from the configuration; net.c publishes it. */
struct nf_net *net_build(const struct sluice_config *cfg);
void net_free(struct nf_net *net);
bool net_prefix_covers(const struct nf_ip *prefix, const void *addr);
void net_publish(struct nf_net *net); /* takes net; the old one is freed after a grace period */

/* graph.c */
int graph_wire(void); /* after the plugins' init */
int graph_create(uint32_t workers);
void graph_destroy(void);
struct rte_graph *graph_of(uint32_t worker);
const char *graph_name(uint32_t worker);

/* graph_dot.c: returns owned text, NULL when out of memory. */
char *graph_dot(void);
char *graph_stats_json(void);

/* worker.c */
int workers_init(uint32_t count, uint32_t idle_sleep_us); /* 0: poll */
void workers_set_idle(uint32_t idle_sleep_us);
int workers_start(void);
void workers_stop(void);
/* The calling thread is that worker from now on, until it leaves; one walk as the loop does it. */
struct nf_worker *worker_enter(uint32_t id);
void worker_walk(struct nf_worker *w);
void worker_leave(const struct nf_worker *w);
const struct nf_worker *worker_at(uint32_t id);

/* rcu.c */
struct rte_rcu_qsbr;
int rcu_init(uint32_t workers);
struct rte_rcu_qsbr *rcu_qsbr(void);
bool rcu_waiting(void);
void rcu_poll(void);
void rcu_drain(void); /* workers have stopped: everything deferred runs now */

/* counter.c */
void counters_init(void);
uint16_t counter_count(void);
uint64_t counter_drops(void);
void counter_info(uint16_t id, struct nf_counter_info *ret);

/* loader.c */
int plugins_load(const struct sluice_config *cfg, uint32_t workers);
int plugins_check(const struct sluice_config *cfg); /* --check: opens them and asks about their options */
bool plugins_are_misconfigured(void);               /* the failure was the file's: missing, of another ABI, an option */
int plugins_start(const struct sluice_config *cfg);
void plugins_quiesce(uint64_t deadline_ns);
bool plugins_quiesced(void);
void plugins_fini(void);
const struct nf_plugin *plugin_at(unsigned int i); /* NULL after the last, in load order */

/* mgmt.c: the loop. */
int mgmt_init(void);
int mgmt_fd_add(int fd, uint32_t events, void (*fn)(void *arg, uint32_t events), void *arg);
void mgmt_fd_modify(int fd, uint32_t events, void *slot);
void mgmt_fd_remove(int fd);
int mgmt_run(void); /* until mgmt_exit(); its argument */
void mgmt_exit(int code);
int mgmt_wake_fd(void);

/* timer.c */
uint64_t timers_next(void); /* UINT64_MAX: none */
void timers_run(uint64_t now_ns);

/* handshake.c */
int handshake_start(void);
void handshake_stop(void);
int handshake_wake_fd(void);

/* ctl.c: sockets; ctl_view.c: read-only handlers; session.c: HELLO, sync, release; stash.c */
int ctl_open(const char *runtime_dir);
void ctl_close(void);
void ctl_attach(struct nf_ctl_conn *conn); /* this connection is the control plane now */
bool ctl_is_attached(const struct nf_ctl_conn *conn);
void ctl_send_fd(const struct nf_request *req, const void *body, size_t body_bytes, int fd);
int ctl_take_fd(const struct nf_request *req); /* returns owned, -1: none came along */
uint64_t ctl_punt_dropped(void);
extern const struct nf_handler view_handlers[], session_handlers[], stash_handlers[];
void session_detached(void);
uint32_t session_epoch(void);
int stash_init(uint32_t max_records);
void stash_fini(void);
uint32_t stash_count(void);
void stash_sweep(uint32_t epoch, struct nf_sync_done *done);

/* stop.c: from the signal to the end. */
void stop_init(uint32_t deadline_ms);
void stop_signal(int signo);
void stop_released(uint32_t within_ms); /* 0: now; otherwise peers that are being told are told, by then */
void stop_announce(void); /* tells a control plane that attached during a stop */
void stop_control_gone(void);
bool stop_is_requested(void);

/* reload.c: ret_done is filled; -errno when the file as a whole was refused (text in ret_done->text). */
void reload_init(const char *path, struct sluice_config *cfg); /* takes cfg */
int reload_run(struct nf_reload_done *ret_done);
const struct sluice_config *config_current(void);
void reload_fini(void);

/* bring_up.c: everything but the threads; afterwards workers_start(), handshake_start(), plugins_start(). */
int nf_bring_up(const struct sluice_config *cfg);
void nf_tear_down(void); /* stops whatever runs; also after a failed nf_bring_up() */
extern uint8_t nf_boot_id[NF_BOOT_BYTES];

#endif
