/*
 * Settings of the C library, made before the program begins. They are in C because the workspace has no unsafe Rust, and a call of the
 * C library is unsafe.
 */
#include <malloc.h>
#include <nss.h>

__attribute__((constructor)) static void set_up_c_library(void) {
    /*
     * The C library gives each thread that allocates memory a heap of its own, so that threads seldom wait for each other.
     * A till has ten threads that allocate little, and each heap keeps what its thread has freed: together a third of a megabyte.
     * With one heap the memory that one thread has freed is used by the next.
     */
    mallopt(M_ARENA_MAX, 1);
#ifdef STATIC_C_LIBRARY
    /*
     * Names are looked up in /etc/hosts and by DNS. Other ways, which /etc/nsswitch.conf may name, are shared libraries that fit only the C
     * library of this machine, and not the one that is part of this program.
     */
    __nss_configure_lookup("hosts", "files dns");
#endif
}
