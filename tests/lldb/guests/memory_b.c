/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
struct tag {
    int number;
    char name[8];
};
static int value = 222;
static struct tag tag = { 9, "modB" };

__attribute__((noinline)) int inner(int y)
{
    int twice = y * 2;
    struct tag own = { y, "inner" };
    value++;
    return twice + tag.number + own.number; // @inner
}

__attribute__((export_name("enter"))) int enter(int y)
{
    int result = inner(y);
    return result + value;
}
