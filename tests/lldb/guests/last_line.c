/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Optimised functions whose last line has no branch up to the function's end. */
struct point {
    double x, y;
};
static struct point points[4] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } };

__attribute__((noinline)) double norm(const struct point* p)
{
    return p->x * p->x + p->y * p->y;
}

__attribute__((noinline)) long long deep(int n)
{
    if (n == 0)
        return 1;
    return deep(n - 1) * n + points[n & 3].x;
}

int main(int argc, char** argv)
{
    double n = norm(&points[argc]);
    int sum = (int)n; // @after-norm
    return (sum + deep(3)) & 63;
}
