// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Classes, inlined functions, recursion, and loops.
#include <cstdio>

struct Point {
    int x, y;
    double weight;
};

class Shape {
public:
    virtual ~Shape() = default;
    virtual int area() const = 0;
    int id = 0;
};

class Box : public Shape {
public:
    Box(int width, int height) : width_(width), height_(height) {}
    int area() const override
    {
        const int result = width_ * height_;
        return result;
    }

private:
    int width_, height_;
};

static unsigned char checksum;
static volatile long long noise;

template<class T> static inline T largest(T a, T b)
{
    const T more = a > b ? a : b;
    noise = noise + 1;
    return more;
}

static int factorial(int n)
{
    if (n <= 1)
        return 1;
    const int rest = factorial(n - 1);
    return n * rest;
}

static double center(const Point* points, int count)
{
    double sum = 0;
    double weights = 0;
    for (int i = 0; i < count; ++i) {
        const Point& point = points[i];
        sum += point.x * point.weight;
        weights += point.weight;
        checksum = static_cast<unsigned char>(checksum * 31 + point.x);
    }
    return sum / weights;
}

int main(int argc, char**)
{
    Point points[3] = { { 1, 2, 0.5 }, { 4, 8, 1.5 }, { -9, argc, 2.25 } };
    const double at = center(points, 3);
    Box box(3 + argc, 5);
    const Shape* shape = &box;
    const int area = shape->area();
    const int most = largest(area, factorial(5));
    const long long total = largest<long long>(most, 7) + checksum;
    std::printf("%.3f %d %lld\n", at, area, total);
    return 0;
}
