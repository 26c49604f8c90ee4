/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the signal to the end:
 *
 *   RUNNING ── signal, control plane attached ──► WAITING ── RELEASE ─────────────► exit
 *      │                                             ├─ control plane gone ──┐
 *      │                                             └─ deadline, 2nd signal ┤
 *      └────── signal, no control plane ─────────────────────────────────────┴► CLOSING ─ done, deadline, signal ─► exit
 *
 * A RELEASE may leave the peers that are not told yet to this process: it leads to CLOSING too, from either state.
 * While WAITING the node forwards: the control plane closes the peers. CLOSING does it here. Whatever ends
 * the node, goodbyes that were handed to a worker leave first: the exit waits for a grace period.
 */
#include <nf/clock.h>
#include <nf/worker.h>

#include "runtime.h"

/* What is left of the stop for closing peers when the control plane vanished or let the deadline pass. */
#define CLOSING_MIN_MS 3000u

static void deadline_passed(struct nf_timer *t, uint64_t now_ns);

static struct {
	enum { STOP_RUNNING, STOP_WAITING, STOP_CLOSING, STOP_LEAVING } state;
	int signo;
	uint32_t deadline_ms;
	uint64_t deadline_ns;
	struct nf_timer timer;
} stop = {.timer.fn = deadline_passed};

void stop_init(uint32_t deadline_ms)
{
	stop.deadline_ms = deadline_ms;
}

bool stop_is_requested(void)
{
	return stop.state != STOP_RUNNING;
}

static void leave(void *arg)
{
	(void)arg;
	mgmt_exit(0);
}

static void check_quiesced(uint64_t now_ns)
{
	(void)now_ns;
	if (stop.state == STOP_CLOSING && plugins_quiesced()) {
		nf_log(NF_INFO, "stopped", "why=\"every peer was told\"");
		stop.state = STOP_LEAVING;
		nf_rcu_defer(leave, NULL);
	}
}

static void begin_closing(const char *why)
{
	uint64_t now = nf_clock_ns(), least = now + CLOSING_MIN_MS * NF_NS_PER_MS;
	if (stop.state == STOP_CLOSING || stop.state == STOP_LEAVING)
		return;
	stop.state = STOP_CLOSING;
	if (stop.deadline_ns < least)
		stop.deadline_ns = least;
	nf_log(NF_INFO, "closing_peers", "why=\"%s\"", why);
	plugins_quiesce(stop.deadline_ns);
	nf_timer_arm(&stop.timer, stop.deadline_ns);
	nf_mgmt_hook(check_quiesced);
}

static void deadline_passed(struct nf_timer *t, uint64_t now_ns)
{
	(void)t;
	(void)now_ns;
	if (stop.state == STOP_WAITING) {
		begin_closing("the control plane did not release in time");
		return;
	}
	nf_log(NF_WARN, "stopped", "why=\"deadline\"");
	nf_rcu_defer(leave, NULL);
}

void stop_announce(void)
{
	struct nf_stop body = {.signal = (uint32_t)stop.signo, .deadline_ms = stop.deadline_ms};
	nf_event(NF_MSG_STOP_REQUESTED, &body, sizeof(body), NULL, 0);
}

void stop_signal(int signo)
{
	if (stop.state == STOP_WAITING) {
		begin_closing("second signal");
		return;
	}
	if (stop.state != STOP_RUNNING) {
		nf_log(NF_WARN, "stopped", "why=\"signal while closing\"");
		nf_rcu_defer(leave, NULL);
		return;
	}
	stop.signo = signo;
	stop.deadline_ns = nf_clock_ns() + stop.deadline_ms * NF_NS_PER_MS;
	if (!nf_control_attached()) {
		begin_closing("signal, and no control plane is attached");
		return;
	}
	stop.state = STOP_WAITING;
	nf_log(NF_INFO, "stop_requested", "signal=%d deadline_ms=%u", signo, stop.deadline_ms);
	nf_timer_arm(&stop.timer, stop.deadline_ns);
	stop_announce();
}

void stop_released(uint32_t within_ms)
{
	if (within_ms == 0) {
		nf_log(NF_INFO, "stopped", "why=\"released\"");
		mgmt_exit(0);
		return;
	}
	if (stop.state == STOP_RUNNING || stop.state == STOP_WAITING)
		stop.deadline_ns = nf_clock_ns() + within_ms * NF_NS_PER_MS;
	begin_closing("the control plane left before every peer was told");
}

void stop_control_gone(void)
{
	if (stop.state == STOP_WAITING)
		begin_closing("the control plane went away before it released");
}
