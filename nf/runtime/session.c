/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation with the control plane: HELLO, sync with epoch and sweep, reload, release. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <nf/worker.h>

#include "runtime.h"

static struct {
	uint32_t epoch; /* of the attached control plane; grows with every HELLO */
	bool in_sync;
} session;

uint32_t session_epoch(void)
{
	return session.epoch;
}

uint32_t nf_sync_epoch(void)
{
	return session.epoch;
}

void session_detached(void)
{
	session.in_sync = false;
	nf_log(NF_INFO, "control_detached", "epoch=%u", session.epoch);
}

static int exchange_identity(const struct nf_request *req, struct nf_hello_ack *ack, int *ret_fd)
{
	const struct nf_hello *hello = req->body;
	int came = ctl_take_fd(req), rc = 0;
	if (hello->has_identity && came < 0) {
		nf_refuse(req, "HELLO announces an identity, but no descriptor came along");
		return -EBADMSG;
	}
	for (unsigned int i = 0; rc == 0 && plugin_at(i); i++)
		if (plugin_at(i)->identity)
			rc = plugin_at(i)->identity(came, ack, ret_fd);
	if (rc != 0)
		nf_refuse(req, "the identity was not accepted: %s", strerror(-rc));
	if (came >= 0)
		close(came);
	return rc;
}

static int hello(const struct nf_request *req)
{
	const struct nf_hello *h = req->body;
	struct nf_status status = {0};
	int fd = -1;
	if (h->abi != NF_WIRE_ABI) {
		nf_refuse(req, "ABI %u, this network function speaks %u", h->abi, NF_WIRE_ABI);
		return -EPROTONOSUPPORT;
	}
	if (nf_control_attached() && !ctl_is_attached(req->conn)) {
		nf_refuse(req, "another control plane is attached");
		return -EBUSY;
	}
	struct nf_hello_ack ack = {
		.abi = NF_WIRE_ABI,
		.pid = (uint32_t)getpid(),
		.epoch = session.epoch + 1,
		.stash_records = stash_count(),
		.workers = nf_worker_count(),
	};
	memcpy(ack.boot_id, nf_boot_id, sizeof(ack.boot_id));
	int rc = exchange_identity(req, &ack, &fd);
	if (rc != 0)
		return rc;
	for (unsigned int i = 0; plugin_at(i); i++)
		if (plugin_at(i)->status)
			plugin_at(i)->status(&status);
	ack.peers = status.peers;
	session.epoch++;
	session.in_sync = false;
	ctl_attach(req->conn);
	ctl_send_fd(req, &ack, sizeof(ack), fd);
	nf_log(NF_INFO, "control_attached", "pid=%u epoch=%u", h->pid, session.epoch);
	if (stop_is_requested())
		stop_announce();
	return 0;
}

static int check_epoch(const struct nf_request *req)
{
	const struct nf_sync *s = req->body;
	if (s->epoch == session.epoch)
		return 0;
	nf_refuse(req, "epoch %u, the running one is %u", s->epoch, session.epoch);
	return -ESTALE;
}

static int sync_begin(const struct nf_request *req)
{
	int rc = check_epoch(req);
	session.in_sync = rc == 0;
	return rc;
}

static int sync_end(const struct nf_request *req)
{
	const struct nf_sync *s = req->body;
	struct nf_sync_done done = {0};
	int rc = check_epoch(req);
	if (rc != 0)
		return rc;
	if (!session.in_sync) {
		nf_refuse(req, "SYNC_END without SYNC_BEGIN");
		return -EPROTO;
	}
	session.in_sync = false;
	if (s->flags & 1) {
		for (unsigned int i = 0; plugin_at(i); i++)
			if (plugin_at(i)->sweep)
				plugin_at(i)->sweep(session.epoch, &done);
		stash_sweep(session.epoch, &done);
	}
	nf_log(NF_INFO, "synced", "epoch=%u peers_kept=%u peers_swept=%u", session.epoch, done.peers_kept, done.peers_swept);
	nf_reply(req, &done, sizeof(done), NULL, 0, false);
	return 0;
}

static int reload(const struct nf_request *req)
{
	struct nf_reload_done done = {0};
	int rc = reload_run(&done);
	if (rc == 0)
		nf_reply(req, &done, sizeof(done), NULL, 0, false);
	else
		nf_refuse(req, "%.*s", NF_TEXT_BYTES - 1, done.text);
	return rc;
}

static int release(const struct nf_request *req)
{
	const struct nf_stop *body = req->body;
	stop_released(body->deadline_ms);
	return 0;
}

const struct nf_handler session_handlers[] = {
	{NF_MSG_HELLO, hello},
	{NF_MSG_SYNC_BEGIN, sync_begin},
	{NF_MSG_SYNC_END, sync_end},
	{NF_MSG_RELOAD, reload},
	{NF_MSG_RELEASE, release},
	{0},
};
