/*
 * The C library gives each thread that allocates memory a heap of its own, so that threads seldom wait for each other.
 * A till has ten threads that allocate little, and each heap keeps what its thread has freed: together a third of a megabyte.
 * With one heap the memory that one thread has freed is used by the next.
 */
#include <malloc.h>

__attribute__((constructor)) static void use_one_heap(void) {
    mallopt(M_ARENA_MAX, 1);
}
