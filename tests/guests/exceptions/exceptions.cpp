// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cstdio>
#include <stdexcept>
#include <string>
struct Guard {
    const char* n;
    ~Guard() { std::printf("leave %s\n", n); }
};
[[gnu::noinline]] int risky(int n)
{
    Guard g { "risky" };
    if (n == 2)
        throw std::runtime_error("two");
    if (n == 3)
        throw 7;
    return n * 10;
}
[[gnu::noinline]] int relay(int n)
{
    try {
        return risky(n);
    } catch (int e) {
        std::printf("int %d\n", e);
        throw;
    }
}
int main(int argc, char**)
{
    int sum = 0;
    for (int i = 1; i <= 3; ++i) {
        try {
            sum += relay(i);
        } catch (const std::exception& e) {
            std::printf("caught %s\n", e.what());
        } catch (...) {
            std::printf("caught something\n");
        }
    }
    std::printf("sum %d\n", sum);
    std::fflush(stdout);
    if (argc > 1)
        relay(3);
    return 0;
}
