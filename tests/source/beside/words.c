/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Pointers, bit fields, unions, floats, a linked list and a recursive sort. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word {
    const char *text;
    unsigned count : 12;
    signed delta : 6;
    struct word *next;
};

union bits {
    float number;
    unsigned word;
};

static struct word pool[8];
static int used;

static struct word *find(struct word *list, const char *text)
{
    while (list) {
        if (strcmp(list->text, text) == 0)
            return list;
        list = list->next;
    }
    return NULL;
}

static struct word *add(struct word *list, const char *text)
{
    struct word *known = find(list, text);
    if (known) {
        known->count++;
        known->delta = -1;
        return list;
    }
    struct word *made = &pool[used++];
    made->text = text;
    made->count = 1;
    made->next = list;
    return made;
}

static void sort(short *values, int low, int high)
{
    if (low >= high)
        return;
    const short pivot = values[high];
    int place = low;
    for (int i = low; i < high; ++i) {
        if (values[i] < pivot) {
            const short other = values[i];
            values[i] = values[place];
            values[place] = other;
            ++place;
        }
    }
    values[high] = values[place];
    values[place] = pivot;
    sort(values, low, place - 1);
    sort(values, place + 1, high);
}

static float half(float number)
{
    union bits bits;
    bits.number = number;
    const unsigned exponent = bits.word >> 23 & 0xff;
    bits.word -= 1u << 23;
    return exponent == 0 ? 0 : bits.number;
}

int main(void)
{
    struct word *list = NULL;
    list = add(list, "one");
    list = add(list, "two");
    list = add(list, "one");
    short values[] = { 5, -3, 12, 0 };
    sort(values, 0, 3);
    const float number = half(6.5f);
    printf("%s %d %d %g\n", list->text, values[0], values[3], (double)number);
    return 0;
}
