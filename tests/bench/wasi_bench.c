// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The guest of `./dev bench wasi`: moves bytes through WASI and does little else.
//
//     write FILE PIECE COUNT    COUNT pieces of PIECE bytes to a new file
//     read FILE PIECE           a file to its end, in pieces of PIECE bytes
//     lines COUNT               COUNT short lines to standard output, each with a call of its own
//     print COUNT               the same lines by printf
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char piece[1 << 20];
static const char line[] = "a short line of output\n";

static int fail(const char* what)
{
    perror(what);
    return 1;
}

static int write_file(const char* path, size_t size, long count)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0)
        return fail(path);
    for (; count > 0; --count)
        if (write(file, piece, size) != (ssize_t)size)
            return fail(path);
    return close(file) == 0 ? 0 : fail(path);
}

static int read_file(const char* path, size_t size)
{
    const int file = open(path, O_RDONLY);
    if (file < 0)
        return fail(path);
    ssize_t got;
    while ((got = read(file, piece, size)) > 0) { }
    return got == 0 ? 0 : fail(path);
}

static int write_lines(long count)
{
    for (; count > 0; --count)
        if (write(STDOUT_FILENO, line, sizeof line - 1) != sizeof line - 1)
            return fail("standard output");
    return 0;
}

static int print_lines(long count)
{
    for (; count > 0; --count)
        if (printf("%s", line) < 0)
            return fail("standard output");
    return fflush(stdout) == 0 ? 0 : fail("standard output");
}

int main(int argc, char** argv)
{
    const char* what = argc > 1 ? argv[1] : "";
    const size_t size = argc > 3 ? (size_t)atol(argv[3]) : 0;
    if (size > sizeof piece)
        return fputs("a piece has at most 1 MiB\n", stderr), 2;
    memset(piece, 'x', sizeof piece);
    if (argc == 5 && strcmp(what, "write") == 0)
        return write_file(argv[2], size, atol(argv[4]));
    if (argc == 4 && strcmp(what, "read") == 0)
        return read_file(argv[2], size);
    if (argc == 3 && strcmp(what, "lines") == 0)
        return write_lines(atol(argv[2]));
    if (argc == 3 && strcmp(what, "print") == 0)
        return print_lines(atol(argv[2]));
    return fputs("wasi_bench: write FILE PIECE COUNT | read FILE PIECE | lines COUNT | print COUNT\n", stderr), 2;
}
