// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of C for `source::render`. Each is static or global: the test finds it by its name.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEEP __attribute__((used))

enum color { RED = 1, GREEN, BLUE = -7 };
enum flags { READABLE = 1, WRITABLE = 2, EXECUTABLE = 4, HIDDEN = 64 };
typedef unsigned int word;

struct point {
    int x, y;
};

struct account {
    const char* owner;
    int balance;
    word movements;
};

struct bits {
    unsigned low : 3;
    int middle : 5;
    unsigned long long high : 33;
    enum flags rights : 7;
    bool on : 1;
};

union number {
    int integer;
    float real;
    unsigned char bytes[4];
};

struct nested {
    struct point from, to;
    union {
        int anonymous;
        float overlay;
    };
    struct {
        char tag;
        short unaligned[3];
    } inner;
    union number number;
};

struct node {
    int value;
    struct node* next;
};

struct deep {
    struct {
        struct {
            struct {
                struct {
                    struct {
                        int bottom;
                    } e;
                } d;
            } c;
        } b;
    } a;
};

struct flexible {
    int count;
    int items[];
};

struct empty { };

static int deposit(struct account* account, int amount) { return account->balance += amount; }
static int withdraw(struct account* account, int amount) { return account->balance -= amount; }

KEEP static signed char small = -5;
KEEP static unsigned char byte = 200;
KEEP static short half = -300;
KEEP static int whole = 42;
KEEP static unsigned int natural = 4000000000u;
KEEP static long long large = -9000000000000000000ll;
KEEP static unsigned long long huge = 18446744073709551615ull;
KEEP static __int128 giant = ((__int128)0x0102030405060708ll << 64) | 0x1112131415161718ll;
KEEP static float tenth = 0.1f;
KEEP static double third = 1.0 / 3, whole_double = 2, infinite = __builtin_inf();
KEEP static long double extended = 2.5L;
KEEP static _Complex double imaginary = 1.5 + 2.0i;
KEEP static bool yes = true, no = false;
KEEP static char letter = 'v', quote = '\'', newline = '\n', nothing = 0, high_char = (char)0xe9;
KEEP static wchar_t wide = L'\u20ac';
KEEP static const word constant = 7;
KEEP static volatile word changing = 8;
KEEP static _Atomic int atomic = 9;

KEEP static enum color red = RED, blue = BLUE, no_color = (enum color)99;
KEEP static enum flags rights = READABLE | EXECUTABLE, unknown_rights = (enum flags)(WRITABLE | 8), no_rights;

KEEP static const char* text = "jade\t\"and\" \\ \xc3\xa4\x01";
KEEP static const char* empty_text = "";
KEEP static const char* null_text;
KEEP static const char* bad_text = (const char*)0xfffffff0u;
KEEP static char buffer[16] = "opal";
KEEP static char full[4] = { 'f', 'u', 'l', 'l' };
KEEP static unsigned char raw_bytes[4] = { 1, 2, 3, 255 };
KEEP static wchar_t wide_text[] = L"w\u00efde";
KEEP static const wchar_t* wide_pointer = L"pointer";

KEEP static struct account jade = { "jade", 80, 0 };
KEEP static struct account* account = &jade;
KEEP static struct account* null_account;
KEEP static void* anything = &jade;
KEEP static int (*operation)(struct account*, int) = deposit;
KEEP static int (*operations[2])(struct account*, int) = { deposit, withdraw };
KEEP static int (*null_operation)(void);
KEEP static int (*bad_operation)(void) = (int (*)(void))12345;
KEEP static int* const pointers[3] = { &whole, 0, &whole };

KEEP static struct bits bits = { 5, -3, 0x1ffffffffull, READABLE | WRITABLE, true };
KEEP static union number number = { .real = 1.0f };
KEEP static struct nested nested
    = { { 1, 2 }, { 3, 4 }, { 5 }, { 'i', { 6, 7, 8 } }, { .integer = 9 } };
KEEP static struct node third_node = { 3, 0 }, second_node = { 2, &third_node }, first_node = { 1, &second_node };
KEEP static struct node cycle = { 7, &cycle };
KEEP static struct deep deep = { { { { { { 11 } } } } } };
KEEP static struct flexible flexible = { 2, { 21, 22 } };
KEEP static struct empty empty;

KEEP static int zero_length[0];
KEEP static int one_element[1] = { 1 };
KEEP static int few[5] = { 1, 2, 3, 4, 5 };
KEEP static int repeated[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 3, 3 };
KEEP static int many[1000] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22 };
KEEP static int matrix[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
KEEP static struct point corners[2] = { { 0, 1 }, { 2, 3 } };
KEEP static int (*array_pointer)[5] = &few;

/// The test looks at the memory when this is called.
__attribute__((import_module("test"), import_name("stop_here"))) void stop_here(void);

int main(void)
{
    stop_here();
    return 0;
}
