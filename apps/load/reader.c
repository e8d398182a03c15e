/*
 * reader.c - a task that takes payloads, keeps books of them, and answers.
 * Tests: tests/load/test_serve_name.c
 */
#include "reader.h"

#include <cycos/registry.h>
#include <cycos/task.h>
#include <errno.h>
#include <string.h>

#define PAUSE_NS    (100 * CY_MICROSECOND) /* before a full way back is tried again */
#define PATIENCE_NS CY_SECOND              /* then whoever asked gets no answer */

int
load_reader_register(const struct load_reader *reader)
{
    char books[CY_NAME_MAX + 1];
    int rc = load_books_name(books, reader->name);
    /* First the books: who finds the name looks for them at once. */
    rc = rc != 0 ? rc : cy_task_register(books);
    return rc != 0 ? rc : cy_task_register(reader->name);
}

static void
answer(const cy_msg *request, cy_msg **reply)
{
    cy_time deadline = cy_after(PATIENCE_NS);
    int rc = cy_reply(request, reply);
    while (rc == -EAGAIN && cy_now() < deadline && cy_sleep(PAUSE_NS) == 0)
        rc = cy_reply(request, reply);
    cy_msg_free(reply);
}

/*
 * The page of who sent this. A sender is watched, so that its page goes when it ends; a sender
 * that cannot be watched gets none, and is told so when it asks.
 */
static struct load_page *
page_of(struct load_reader *reader, cy_ref sender)
{
    struct load_page *page = load_books_find(&reader->books, sender);
    if (page != NULL)
        return page;
    page = load_books_open(&reader->books, sender);
    if (page == NULL || cy_monitor(sender) == 0)
        return page;
    load_books_drop(&reader->books, sender);
    return NULL;
}

static void
note(struct load_reader *reader, const cy_msg *msg)
{
    struct load_page *page = page_of(reader, cy_msg_sender(msg));
    if (page != NULL)
        load_page_note(page, cy_msg_body(msg), cy_msg_size(msg));
}

static void
echo(cy_msg *msg)
{
    cy_msg *reply;
    if (cy_msg_share(&reply, msg) == 0)
        answer(msg, &reply);
}

static void
tell(struct load_reader *reader, const cy_msg *msg)
{
    struct load_mark mark;
    struct load_told told;
    cy_msg *reply;
    if (cy_msg_size(msg) != sizeof mark)
        return;
    memcpy(&mark, cy_msg_body(msg), sizeof mark);
    struct load_page *page = page_of(reader, cy_msg_sender(msg));
    if (page != NULL)
        load_page_tell(page, &mark, &told);
    else
        told =
            (struct load_told){.number = mark.number, .stream = mark.stream, .error = -ENOBUFS};
    if (cy_msg_copy(&reply, LOAD_TALK_PAGE, &told, sizeof told) == 0)
        answer(msg, &reply);
}

static void
introduce(const struct load_reader *reader, const cy_msg *msg)
{
    struct load_who who;
    cy_msg *reply;
    if (cy_msg_size(msg) != sizeof who)
        return;
    memcpy(&who, cy_msg_body(msg), sizeof who);
    const struct load_readers readers = {LOAD_TALK_VERSION,
                                         who.is_channel != 0 ? reader->subscribed : 1};
    if (cy_msg_copy(&reply, LOAD_TALK_WHO, &readers, sizeof readers) == 0)
        answer(msg, &reply);
}

static void
take(struct load_reader *reader, cy_msg *msg)
{
    struct cy_exit exit;
    switch (cy_msg_tag(msg)) {
    case LOAD_TALK_NOTE:
        note(reader, msg);
        break;
    case LOAD_TALK_ASK:
        note(reader, msg);
        echo(msg);
        break;
    case LOAD_TALK_MARK:
        tell(reader, msg);
        break;
    case LOAD_TALK_WHO:
        introduce(reader, msg);
        break;
    case CY_TAG_EXIT:
        if (cy_exit_read(&exit, msg) == 0)
            load_books_drop(&reader->books, exit.task);
        break;
    default:
        break;
    }
}

void
load_reader_run(struct load_reader *reader)
{
    cy_msg *msg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        take(reader, msg);
        cy_msg_free(&msg);
    }
    load_books_fini(&reader->books);
}
