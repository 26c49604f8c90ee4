/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists in rings: an object embeds one struct broker_list for each list it may be in. A ring's head is such a struct
 * too; one that is in no list, and the head of an empty one, points at itself. None of this fails.
 */
#ifndef CP_BROKER_LIST_H
#define CP_BROKER_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct broker_list {
	struct broker_list *next, *prev;
};

/* The object of type `type` whose member `member` ptr points at. */
#define broker_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

/* Every `item` of the list, which may leave it meanwhile; the others may not. */
#define broker_each(item, type, member, head) \
	for (struct broker_list *each_ = (head)->next, *after_; \
	     after_ = each_->next, (item) = broker_of(each_, type, member), each_ != (head); each_ = after_)

static inline void broker_list_init(struct broker_list *l)
{
	l->next = l->prev = l;
}

static inline bool broker_list_is_empty(const struct broker_list *l)
{
	return l->next == l;
}

static inline void broker_list_add(struct broker_list *head, struct broker_list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static inline void broker_list_remove(struct broker_list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	broker_list_init(l);
}

#endif
