/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A module with a memory of its own that calls another one (memory_b.c). */
struct tag {
    int number;
    char name[8];
};
static int value = 111;
static struct tag tag = { 7, "modA" };
__attribute__((import_module("b"), import_name("enter"))) int enter(int);

__attribute__((noinline)) int outer(int x)
{
    int sum = x + value;
    struct tag own = { x, "outer" };
    struct tag* pointer = &own;
    sum += enter(sum);
    return sum + tag.number + pointer->number;
}

__attribute__((export_name("go"))) int go(int n)
{
    return outer(n);
}
