/*
 * symbol.c - names of functions for addresses of this process.
 *
 * dladdr(3) knows only what a program exports, which is next to nothing: the functions of an
 * application are mostly static. So the table that the linker left in the file is read. A
 * file may be stripped, replaced or cut off: whatever is read is checked against its size.
 */
#include "symbol.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TABLE_MAX = 256 << 20, SECTIONS_MAX = 65536 };

/* The file that an address comes from, with the best table of names that it has. */
struct module {
    uintptr_t base, low, high; /* where it is mapped */
    char path[PATH_MAX];
    bool program; /* it is the program itself, no library */
    ElfW(Sym) * symbols;
    size_t count;
    char *names;
    size_t names_bytes;
};

struct search {
    uintptr_t address;
    struct module *module;
    bool first, found;
};

static int
look_at_module(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct search *search = arg;
    (void) size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t low = info->dlpi_addr + part->p_vaddr;
        if (part->p_type != PT_LOAD || search->address < low ||
            search->address - low >= part->p_memsz)
            continue;
        struct module *module = search->module;
        *module =
            (struct module){.base = info->dlpi_addr, .low = low, .program = search->first};
        module->high = low + part->p_memsz;
        snprintf(module->path, sizeof module->path, "%s",
                 search->first ? "/proc/self/exe" : info->dlpi_name);
        search->found = true;
        return 1;
    }
    search->first = false;
    return 0;
}

/* Part of a file in memory of its own, with a zero behind it; NULL if it is not all there. */
static void *
read_part(int fd, uint64_t offset, uint64_t bytes)
{
    if (bytes == 0 || bytes > TABLE_MAX || offset > INT64_MAX - TABLE_MAX)
        return NULL;
    uint8_t *part = malloc(bytes + 1);
    if (part == NULL || pread(fd, part, bytes, (off_t) offset) != (ssize_t) bytes) {
        free(part);
        return NULL;
    }
    part[bytes] = 0;
    return part;
}

static const ElfW(Shdr) * find_table(const ElfW(Shdr) * sections, unsigned count, unsigned type)
{
    for (unsigned i = 0; i < count; i++) {
        if (sections[i].sh_type == type && sections[i].sh_link < count)
            return &sections[i];
    }
    return NULL;
}

static void
read_table(struct module *module, int fd, const ElfW(Shdr) * sections, unsigned count)
{
    const ElfW(Shdr) *table = find_table(sections, count, SHT_SYMTAB);
    if (table == NULL && (table = find_table(sections, count, SHT_DYNSYM)) == NULL)
        return;
    const ElfW(Shdr) *names = &sections[table->sh_link];
    module->symbols = read_part(fd, table->sh_offset, table->sh_size);
    module->names = read_part(fd, names->sh_offset, names->sh_size);
    if (module->symbols == NULL || module->names == NULL)
        return;
    module->count = table->sh_size / sizeof(ElfW(Sym));
    module->names_bytes = names->sh_size;
}

static void
load_names(struct module *module)
{
    ElfW(Ehdr) head;
    int fd = open(module->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (pread(fd, &head, sizeof head, 0) == sizeof head &&
        memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 &&
        head.e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
        head.e_shentsize == sizeof(ElfW(Shdr))) {
        ElfW(Shdr) *sections =
            read_part(fd, head.e_shoff, (uint64_t) head.e_shnum * sizeof *sections);
        if (sections != NULL)
            read_table(module, fd, sections, head.e_shnum);
        free(sections);
    }
    close(fd);
}

static void
drop_names(struct module *module)
{
    free(module->symbols);
    free(module->names);
    *module = (struct module){0};
}

/* The module of an address, which may be the one that we have. */
static bool
find_module(struct module *module, uintptr_t address)
{
    if (address >= module->low && address < module->high)
        return true;
    drop_names(module);
    struct search search = {.address = address, .module = module, .first = true};
    dl_iterate_phdr(look_at_module, &search);
    if (search.found)
        load_names(module);
    return search.found;
}

/* The function that the address lies in; the last one before it if sizes are not known. */
static const ElfW(Sym) * find_function(const struct module *module, uintptr_t address)
{
    const ElfW(Sym) *best = NULL;
    uintptr_t at = address - module->base;
    for (size_t i = 0; i < module->count; i++) {
        const ElfW(Sym) *symbol = &module->symbols[i];
        unsigned type = symbol->st_info & 15;
        if ((type != STT_FUNC && type != STT_NOTYPE) || symbol->st_shndx == SHN_UNDEF ||
            symbol->st_name >= module->names_bytes || symbol->st_value > at)
            continue;
        if (type == STT_FUNC && symbol->st_size != 0 && at - symbol->st_value < symbol->st_size)
            return symbol;
        if (symbol->st_size == 0 && (best == NULL || symbol->st_value > best->st_value))
            best = symbol;
    }
    return best;
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* `exact`: the address of an instruction; else where a call returns to, which is behind it. */
static int
format_one(char *text, size_t size, struct module *module, uintptr_t address, bool exact)
{
    uintptr_t within = exact ? address : address - 1;
    if (!find_module(module, within))
        return snprintf(text, size, "0x%zx", (size_t) address);
    const ElfW(Sym) *symbol = find_function(module, within);
    const char *file =
        module->program ? program_invocation_short_name : base_name(module->path);
    if (symbol == NULL)
        return snprintf(text, size, "%s+0x%zx", file, (size_t) (address - module->base));
    return snprintf(text, size, "%s%s%s+0x%zx", module->program ? "" : file,
                    module->program ? "" : ":", module->names + symbol->st_name,
                    (size_t) (address - module->base - symbol->st_value));
}

size_t
cyi_symbol_format(char *text, size_t size, void *const *addresses, int count)
{
    static const char ELLIPSIS[] = " ...";
    struct module module = {0};
    size_t used = 0;
    if (size == 0)
        return 0;
    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        char word[512];
        int n = format_one(word, sizeof word, &module, (uintptr_t) addresses[i], i == 0);
        size_t bytes = n < (int) sizeof word ? (size_t) n : sizeof word - 1;
        size_t reserve = i + 1 < count ? sizeof ELLIPSIS : 1;
        if (used + 1 + bytes + reserve > size) {
            if (used + sizeof ELLIPSIS <= size)
                used +=
                    (size_t) snprintf(text + used, size - used, "%s", ELLIPSIS + (used == 0));
            break;
        }
        used += (size_t) snprintf(text + used, size - used, "%s%s", i > 0 ? " " : "", word);
    }
    drop_names(&module);
    return used;
}
