struct box {
    int w, h;
};
static int answer = 1;

__attribute__((import_module("test:two/ops"), import_name("add"))) int add(int a, int b);

__attribute__((export_name("run"))) int run(void)
{
    struct box mybox;
    mybox.w = 7;
    mybox.h = 8;
    int sum = add(mybox.w, 35); // @call
    answer = sum; // @answer
    return answer + mybox.h;
}
