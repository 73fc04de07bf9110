// A component that app.c imports. Both have code at the same offsets, and memories of their own.
struct box {
    int w, h;
};
static int calls = 100;

__attribute__((export_name("test:two/ops#add"))) int ops_add(int a, int b)
{
    struct box mybox = { a, b };
    calls++;
    return mybox.w + mybox.h; // @sum
}
