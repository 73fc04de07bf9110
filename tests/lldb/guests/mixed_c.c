/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
int c_add(int a, int b)
{
    int sum = a + b;
    return sum;
}
