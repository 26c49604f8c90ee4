/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's key pair: from a file, from the control plane's sealed memfd, or made here and handed out
 * in one. The control plane keeps the descriptor and never maps it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "wg.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int memfd = -1; /* M; sealed, holds the private key */
static enum nf_identity_source source;

static void adopt(const uint8_t key[WG_KEY_BYTES])
{
	wg_identity_set(&wg.identity, key);
	wg.has_identity = true;
	handshaker_identity(&wg.identity);
}

static int fail(struct nf_plugin_error *err, const char *path, const char *why)
{
	snprintf(err->text, sizeof(err->text), "private_key_file: %s: %s", path, why);
	return -EINVAL;
}

int identity_from_file(const char *path, struct nf_plugin_error *err)
{
	char text[128];
	uint8_t key[WG_KEY_BYTES];
	struct stat st;
	size_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(err, path, strerror(errno));
	ssize_t bytes = fstat(fd, &st) == 0 ? read(fd, text, sizeof(text) - 1) : -1;
	close(fd);
	if (bytes < 0)
		return fail(err, path, "cannot be read");
	if (st.st_mode & 077) {
		wg_wipe(text, sizeof(text));
		return fail(err, path, "mode is wider than 0600");
	}
	int rc = sodium_base642bin(key, sizeof(key), text, (size_t)bytes, "\r\n ", &n, NULL, sodium_base64_VARIANT_ORIGINAL);
	wg_wipe(text, sizeof(text));
	if (rc != 0 || n != sizeof(key)) {
		wg_wipe(key, sizeof(key));
		return fail(err, path, "is not the base64 text of 32 bytes");
	}
	adopt(key);
	source = NF_IDENTITY_FILE;
	wg_wipe(key, sizeof(key));
	return 0;
}

/* A descriptor without all seals could change under us: not accepted. */
static int read_memfd(int fd, uint8_t key[WG_KEY_BYTES])
{
	struct stat st;
	if (fcntl(fd, F_GET_SEALS) != SEALS || fstat(fd, &st) != 0 || st.st_size != WG_KEY_BYTES)
		return -EPERM;
	return pread(fd, key, WG_KEY_BYTES, 0) == WG_KEY_BYTES ? 0 : -EIO;
}

static int make_memfd(const uint8_t key[WG_KEY_BYTES])
{
	int fd = memfd_create("sluice-identity", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (write(fd, key, WG_KEY_BYTES) != WG_KEY_BYTES || fcntl(fd, F_ADD_SEALS, SEALS) != 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static int generate(void)
{
	uint8_t key[WG_KEY_BYTES];
	wg_random(key, sizeof(key));
	int fd = make_memfd(key);
	if (fd >= 0) {
		memfd = fd;
		adopt(key);
	}
	wg_wipe(key, sizeof(key));
	return fd < 0 ? fd : 0;
}

static int take(int fd)
{
	uint8_t key[WG_KEY_BYTES];
	int rc = read_memfd(fd, key);
	if (rc == 0)
		memfd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (rc == 0 && memfd < 0)
		rc = -errno;
	if (rc == 0)
		adopt(key);
	wg_wipe(key, sizeof(key));
	return rc;
}

int identity_exchange(int fd, struct nf_hello_ack *ack, int *ret_fd)
{
	int rc = 0;
	if (wg.has_identity) {
		ack->identity = source == NF_IDENTITY_FILE ? NF_IDENTITY_FILE : NF_IDENTITY_KEPT;
	} else if (fd >= 0) {
		rc = take(fd);
		ack->identity = source = NF_IDENTITY_HANDED;
	} else {
		rc = generate();
		ack->identity = source = NF_IDENTITY_GENERATED;
	}
	if (rc != 0)
		return rc;
	memcpy(ack->public_key, wg.identity.public_key, WG_KEY_BYTES);
	*ret_fd = memfd;
	return 0;
}

void identity_wipe(void)
{
	wg_wipe(&wg.identity, sizeof(wg.identity));
	wg.has_identity = false;
	if (memfd >= 0)
		close(memfd);
	memfd = -1;
}
