// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structures, recursion, function pointers, globals; nothing is exported.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct point {
    int x, y;
};

struct shape {
    struct point corner;
    int width, height;
    double weight;
    const char* name;
    struct shape* next;
};

static int total = 5;
static int sizes[4] = { 10, 20, 30, 40 };
static struct shape origin = { { -1, -2 }, 1, 1, 0.5, "origin", NULL };

typedef int (*measure)(const struct shape*);

__attribute__((noinline)) static int area(const struct shape* shape)
{
    int result = shape->width * shape->height; // @area
    return result;                             // @area-end
}

__attribute__((noinline)) static int border(const struct shape* shape)
{
    return 2 * (shape->width + shape->height);
}

static measure measures[] = { area, border };

__attribute__((noinline)) static int apply(measure function, const struct shape* shape)
{
    int value = function(shape); // @apply
    total += value;              // @apply-add
    return value;
}

__attribute__((noinline)) static int count_down(int depth)
{
    if (depth == 0)
        return total; // @bottom
    int below = count_down(depth - 1);
    return below + depth;
}

int main(int argc, char** argv)
{
    struct shape* list = &origin;
    for (int i = 1; i <= 3; i++) {
        struct shape* shape = malloc(sizeof *shape);
        *shape = (struct shape) { { i, -i }, sizes[i], 2 * i, i * 1.5, "box", list };
        list = shape;
    }
    int first = apply(measures[0], list); // @first
    int second = apply(measures[1], list);
    int sum = count_down(4);
    printf("%s: %d %d %d %d\n", argc > 1 ? argv[1] : "shapes", first, second, sum, total);
    return sum % 100; // @end
}
