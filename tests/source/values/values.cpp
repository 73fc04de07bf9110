// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of C++ and of libc++ for `source::render`. The test finds each by its name.
#include <array>
#include <atomic>
#include <bitset>
#include <chrono>
#include <deque>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace app {

struct Point {
    int x = 0, y = 0;
};

enum class Color : unsigned char { Red, Green = 4, Blue };

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const { return 0; }
    int id = 1;
};

struct Square final : Shape {
    double area() const override { return side * side; }
    double side = 2.5;
    std::string label = "square";
};

struct Tagged : Point, private Shape {
    std::string tag = "tagged";
    static inline int count = 3;
    int& reference;
    explicit Tagged(int& to) : reference(to) {}
};

struct Recursive {
    int value = 1;
    std::vector<Recursive> children {};
    std::unique_ptr<Recursive> next {};
};

// Strings.
std::string empty_string;
std::string short_string = "opal";
std::string long_string = "a string that is too long for the object itself";
std::string odd_string("with \"quotes\"\n and \0 zero", 25);
std::string huge_string(1000, 'x');
std::wstring wide_string = L"w\u00efde";
std::u16string utf16_string = u"u\u20ac\U0001f600";
std::u32string utf32_string = U"u\u20ac\U0001f600";
std::u8string utf8_string = u8"\u00e4";
std::string_view empty_view;
std::string_view view = "a view of text";
char8_t unit8 = u8'a';
char16_t unit16 = u'\u20ac';
char32_t unit32 = U'\U0001f600';

// Sequences.
std::vector<int> empty_vector;
std::vector<int> one_vector = { 1 };
std::vector<int> many_vector(100, 7);
std::vector<std::string> string_vector = { "a", "b", "a string that is too long for the object itself" };
std::vector<Point> point_vector = { { 1, 2 }, { 3, 4 } };
std::vector<bool> empty_bools;
std::vector<bool> bools = { true, false, true, true };
std::vector<bool> many_bools(70, true);
std::array<int, 0> empty_array;
std::array<int, 3> array = { 1, 2, 3 };
std::span<int> empty_span;
std::span<int> span = many_vector;
std::span<int, 3> fixed_span { array };
std::deque<int> empty_deque;
std::deque<int> one_deque = { 1 };
std::deque<int> many_deque;
std::list<int> empty_list;
std::list<int> one_list = { 1 };
std::list<std::string> many_list = { "a", "b", "c" };
std::forward_list<int> empty_forward;
std::forward_list<int> forward = { 1, 2, 3 };
std::bitset<10> few_bits { 0b1000000101 };
std::bitset<100> bits { 5 };

// Associative containers.
std::map<int, std::string> empty_map;
std::map<int, std::string> one_map = { { 1, "one" } };
std::map<std::string, int> many_map;
std::multimap<int, char> multimap = { { 1, 'a' }, { 1, 'b' }, { 2, 'c' } };
std::set<int> empty_set;
std::set<int> set = { 3, 1, 2 };
std::multiset<char> multiset = { 'b', 'a', 'b' };
std::unordered_map<int, std::string> empty_unordered_map;
std::unordered_map<int, std::string> unordered_map = { { 1, "one" } };
std::unordered_set<int> empty_unordered_set;
std::unordered_set<int> unordered_set = { 5 };
std::unordered_multimap<int, int> unordered_multimap = { { 1, 2 }, { 1, 3 } };

// Wrappers.
std::pair<int, std::string> pair = { 1, "first" };
std::tuple<> empty_tuple;
std::tuple<int, std::string, Point> tuple = { 1, "two", { 3, 4 } };
std::optional<int> empty_optional;
std::optional<int> optional = 5;
std::optional<std::string> string_optional = "inside";
std::variant<int, std::string, Point> variant_int = 6;
std::variant<int, std::string, Point> variant_string = "text";
std::variant<int, std::string, Point> variant_point = Point { 7, 8 };
std::unique_ptr<int> empty_unique;
std::unique_ptr<int> unique = std::make_unique<int>(9);
std::unique_ptr<Shape> unique_shape = std::make_unique<Square>();
std::unique_ptr<int[]> unique_array = std::make_unique<int[]>(3);
std::shared_ptr<Point> empty_shared;
std::shared_ptr<Point> shared = std::make_shared<Point>(Point { 1, 2 });
std::shared_ptr<Point> shared_again = shared;
std::weak_ptr<Point> weak = shared;
std::function<int(int)> empty_function;
std::function<int(int)> function = [](int value) { return value + 1; };
std::atomic<int> atomic = 10;
std::atomic<Color> atomic_color = Color::Green;
std::reference_wrapper<int> wrapper = one_vector[0];
std::chrono::seconds seconds { 90 };
std::chrono::duration<double, std::milli> milliseconds { 1.5 };

// The language.
Color green = Color::Green;
Color unknown_color = Color(77);
Square square;
Shape* shape = &square;
Shape& shape_reference = square;
Shape plain_shape;
Shape* plain = &plain_shape;
int number = 11;
Tagged tagged { number };
int Point::* member_pointer = &Point::y;
double (Shape::*method_pointer)() const = &Shape::area;
decltype(nullptr) null = nullptr;
int captured = 12;
auto lambda = [copy = captured, &by_reference = number] { return copy + by_reference; };
Recursive recursive;
const std::string& string_reference = short_string;
const char* texts[] = { "one", "two" };
std::string words[] = { "one", "two" };
std::vector<std::vector<int>> nested = { { 1, 2 }, {}, { 3 } };
std::map<int, std::map<int, std::vector<std::string>>> very_nested = { { 1, { { 2, { "three" } } } } };

} // namespace app

/// The test looks at the memory when this is called.
extern "C" __attribute__((import_module("test"), import_name("stop_here"))) void stop_here();

int main()
{
    using namespace app;
    for (int i = 0; i < 3000; ++i)
        many_deque.push_back(i);
    for (int i = 0; i < 500; ++i)
        many_deque.pop_front();
    for (int i = 0; i < 200; ++i)
        many_map["key " + std::to_string(1000 + i)] = i;
    recursive.children.push_back({ 2, {}, {} });
    recursive.next = std::make_unique<Recursive>();
    stop_here();
    return static_cast<int>(
        shape->area() + (square.*method_pointer)() + lambda() + function(1) + Tagged::count);
}
