// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A variable with a vector type of four integers.
typedef int four __attribute__((vector_size(16)));

__attribute__((noinline)) static four scale(four v, int factor)
{
    return v * factor;
}

int main(int argc, char** argv)
{
    (void)argv;
    four v = { argc, argc + 1, argc + 2, argc + 3 };
    v = scale(v, 3);
    return v[0] + v[1] + v[2] + v[3];
}
