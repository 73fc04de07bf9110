/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What call.c knows of a store. declarations.py declares it to Python, which owns the memory.
 */
typedef struct vitrine_py_guest_t {
    const vitrine_interrupter_t* interrupter;
    /* These change under Python's lock. */
    size_t calls;         /* of the guest that have not returned */
    unsigned long thread; /* the one that may call it while it runs: it calls, or is called by it */
} vitrine_py_guest_t;
