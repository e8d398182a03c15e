/* file_shelf.h - a store of files by itself, on a folder of the system. */
#ifndef CY_FILE_SHELF_H
#define CY_FILE_SHELF_H

#include "file_store.h"
#include <stdbool.h>

extern struct cyi_file_store shelf;
extern char shelf_base[64];
extern const uint8_t alice[CYI_FILE_OWNER], bob[CYI_FILE_OWNER];

/* A path in it, until the next call. */
char *shelf_path_of(const char *name);
/* A new record of the same folder; one with a folder of its own; its end. */
void shelf_open_store(void);
void shelf_begin(void);
void shelf_end(void);
/* To send this text there. */
struct cyi_file_request shelf_request_for(const char *dir, const char *name, const char *text);
/* Open the sink: the result. */
int shelf_start(struct cyi_file_sink *sink, const uint8_t *owner,
                const struct cyi_file_request *request, struct cyi_file_answer *answer);
void shelf_hash_text(uint8_t out[CYI_CRYPTO_HASH], const char *text);
/* All of it in one go: the result. */
int shelf_take(const uint8_t *owner, const struct cyi_file_request *request, const char *text);
int shelf_take_text(const char *dir, const char *name, const char *text);
int shelf_delete_file(const uint8_t *owner, const char *dir, const char *name);
bool shelf_holds(const char *name, const char *text);
/* A file of somebody else. */
void shelf_put(const char *name, const char *text);
/* Temporary files. */
int shelf_count_parts(void);

#endif
