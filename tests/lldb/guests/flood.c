// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes numbered lines to standard output until the given number of KiB is written. Reports on
// standard error why it could not.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv)
{
    const int kib = argc > 1 ? atoi(argv[1]) : 1;
    static char block[1024];
    for (int i = 0; i < kib; ++i) {
        memset(block, '.', sizeof block);
        block[snprintf(block, sizeof block, "%d", i)] = ' ';
        block[sizeof block - 1] = '\n';
        for (size_t done = 0; done < sizeof block;) {
            const ssize_t size = write(1, block + done, sizeof block - done);
            if (size < 0) {
                fprintf(stderr, "guest: %s\n", strerror(errno));
                return 3;
            }
            done += (size_t)size;
        }
    }
    return 0;
}
