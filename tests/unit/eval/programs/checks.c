// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "checks.h"

enum color { RED = 1, GREEN = 2, BLUE = -3 };
enum flags : unsigned char { NONE, ONE, TWO };

struct point {
    short x, y;
};

struct account {
    const char* owner;
    long long balance;
    struct point at;
    unsigned low : 3;
    int high : 5;
    unsigned long long wide : 40;
    union {
        float real;
        unsigned bits;
    };
    struct {
        struct account* next;
        unsigned char name[6];
    } more;
    enum color color;
    _Bool is_open;
    int (*callback)(int);
};

typedef struct account account_t;

int total = 70000;
static unsigned char bytes[5] = { 1, 2, 250, 4, 5 };
int grid[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
double ratio = 0.1;
_Thread_local int per_thread = 4;

__attribute__((noinline)) static int twice(int x) { return 2 * x; }

__attribute__((noinline)) static int look_at(account_t* p, int i, unsigned u, char c, float f, double d, long long w)
{
    signed char tiny = (signed char)(i - 130);
    unsigned short small = (unsigned short)(u - 1);
    const char* text = p->owner;
    int* end = &grid[1][2];
    struct point copy = p->at;
    struct point* where = &copy;
    CHECK(i);
    CHECK(u);
    CHECK(c);
    CHECK(w);
    CHECK(tiny);
    CHECK(small);
    CHECK_REAL(f);
    CHECK_REAL(d);
    CHECK(p->balance);
    CHECK((*p).at.y);
    CHECK(p->low);
    CHECK(p->high);
    CHECK(p->wide);
    CHECK(p->bits);
    CHECK_REAL(p->real);
    CHECK(p->more.next->balance);
    CHECK(p->more.name[2]);
    CHECK(p->color);
    CHECK(p->color == BLUE);
    CHECK(p->is_open);
    CHECK(p->is_open && !p->more.next->is_open);
    CHECK(text[1]);
    CHECK(*text);
    CHECK(total);
    CHECK(total + i);
    CHECK(bytes[2]);
    CHECK(bytes[i - 5]);
    CHECK(grid[1][2]);
    CHECK(*(grid[1] + 1));
    CHECK(end - &grid[0][0]);
    CHECK(end == &grid[1][2]);
    CHECK(end[-1]);
    CHECK(*(end - 2));
    CHECK_REAL(ratio);
    CHECK_REAL(ratio * 2);
    CHECK(per_thread);
    CHECK(where->x);
    CHECK(copy.y);
    CHECK(sizeof(struct account));
    CHECK(sizeof(p->more.name));
    CHECK((char)u);
    CHECK((unsigned char)(i * 100));
    CHECK((short)total);
    CHECK((long long)u * u);
    CHECK(-tiny);
    CHECK(~i);
    CHECK(u - 1000);
    CHECK((int)u - 1000);
    CHECK(i / 2 * 3 % 5);
    CHECK(w / 3);
    CHECK(u >> 2);
    CHECK(tiny >> 1);
    CHECK(i > 2 ? small : c);
    CHECK_REAL(d / 4);
    CHECK((int)(d * 10));
    CHECK(((struct account*)p)->at.x);
    CHECK(*(short*)&copy);
    check_shown("p->owner == \"jade\"", "1");
    check_shown("p->color", "BLUE");
    check_shown("p->at", "{x = -1, y = 300}");
    check_shown("*p.owner", "'j'");
    check_shown("bytes", "{1, 2, 250, 4, 5}");
    check_shown("grid", "{{1, 2, 3}, {4, 5, 6}}");
    return i + (int)u + c + (int)w + tiny + small + (int)f + (int)d + *text + *end + where->y;
}

__attribute__((noinline)) static int change(account_t* p, int i, float f, long long w)
{
    volatile int kept = 1;
    volatile signed char tiny = 2;
    assign("kept = 77");
    CHECK(kept);
    if (kept != 77)
        __builtin_trap();
    assign("tiny = -3");
    if (tiny != -3)
        __builtin_trap();
    assign("p->high = -9");
    assign("p->low = 6");
    assign("p->wide = 0x1234567890");
    if (p->high != -9 || p->low != 6 || p->wide != 0x1234567890)
        __builtin_trap();
    assign("p->balance += 5");
    CHECK(p->balance);
    assign("p->color = RED");
    if (p->color != RED)
        __builtin_trap();
    assign("*(&total) = 9");
    if (total != 9)
        __builtin_trap();
    assign("p->at.x = p->at.y + 1");
    if (p->at.x != p->at.y + 1)
        __builtin_trap();
    assign("grid[1][0] = -5");
    if (grid[1][0] != -5)
        __builtin_trap();
    assign("p->real = 0.5");
    if (p->real != 0.5f)
        __builtin_trap();
    return i + (int)f + (int)w + kept + tiny;
}

struct pair {
    long long first, second;
};
struct wrapped {
    int inside;
};
__attribute__((noinline)) struct pair swapped(struct pair from, struct wrapped by)
{
    total += by.inside;
    return (struct pair) { from.second, from.first };
}
__attribute__((noinline)) int length_of(const char* text, char end)
{
    int length = 0;
    while (text[length] != end)
        ++length;
    return length;
}
__attribute__((noinline)) float halved(float value) { return value / 2; }
__attribute__((noinline)) static int nested(volatile struct pair* kept)
{
    volatile struct wrapped by = { 3 };
    volatile int in_red_zone[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    const int before = total;
    check_call("twice(21)", 42);
    check_call("length_of(\"jade\", 'd')", 2);
    check_call("(int)length_of(\"jade\", 'd') + 1", -1);
    check_call("halved(5)", 2);
    check_call("swapped(*kept, by)", kept->second);
    if (total != before + 3 || in_red_zone[7] != 8 || in_red_zone[0] != 1)
        __builtin_trap();
    return length_of("", 0) + (int)halved(1) + in_red_zone[2];
}

static inline __attribute__((always_inline)) int inlined(int inner)
{
    int doubled = twice(inner);
    CHECK(inner);
    CHECK(doubled);
    return doubled;
}

__attribute__((export_name("run"))) int run(int n)
{
    account_t first = { "opal", -5, { 7, 8 }, 1, 2, 3, { 0 }, { 0, { 1, 2, 3 } }, GREEN, 0, twice };
    account_t second = { "jade", 1LL << 40, { -1, 300 }, 5, -7, 0x123456789a, { 1.5f }, { &first, { 9, 8, 7 } }, BLUE,
        1, twice };
    int sum = 0;
    for (int i = 0; i < n; ++i) {
        sum += inlined(i);
        CHECK(i);
        CHECK(sum);
    }
    sum += look_at(&second, n + 4, 3000000000u, 'q', 2.5f, -0.125, -(1LL << 33));
    sum += change(&second, n, 1.5f, 1);
    volatile struct pair kept = { 5, 6 };
    sum += nested(&kept) + (int)swapped(*(struct pair*)&kept, (struct wrapped) { 0 }).first;
    return sum;
}
