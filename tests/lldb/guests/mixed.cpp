// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// C++ that calls C (mixed_c.c), and is linked with a C library.
#include <cstdio>
#include <vector>

extern "C" int c_add(int a, int b);

struct Box {
    int width, height;
    int area() const { return width * height; }
};

int sum(const std::vector<int>& values)
{
    int total = 0;
    for (int value : values)
        total += value;
    return total; // @sum
}

int main()
{
    Box box { 3, 4 };
    int total = c_add(sum({ 1, 2, 3 }) + box.area(), 1);
    std::printf("%d\n", total);
    return total; // @main
}
