// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Containers and strings of the C++ library, methods, virtual functions.
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace library {

int loans = 100;

struct Book {
    std::string title;
    int pages;
    std::vector<std::string> readers;
};

class Shelf {
public:
    virtual ~Shelf() = default;
    virtual int capacity() const { return 10; }

    __attribute__((noinline)) int add(const Book& book)
    {
        books_.push_back(book); // @add
        loans += static_cast<int>(book.readers.size());
        return static_cast<int>(books_.size()); // @add-end
    }

    __attribute__((noinline)) int pages() const
    {
        int sum = 0;
        for (const Book& book : books_)
            sum += book.pages; // @pages
        return sum;            // @pages-end
    }

protected:
    std::vector<Book> books_;
};

class LongShelf : public Shelf {
public:
    int capacity() const override { return 20; }
};

} // namespace library

int main()
{
    std::vector<int> numbers { 1, 2, 3, 5, 8 };
    std::string long_name = "a name that does not fit into the string itself";
    std::string name = "short";
    std::map<std::string, int> ages { { "ada", 36 }, { "bob", 41 } };
    auto shelf = std::make_unique<library::LongShelf>();
    shelf->add({ "Wasm", 120, { "ada", "bob" } });
    shelf->add({ "Dwarf", 300, {} });
    int pages = shelf->pages();
    int capacity = shelf->capacity(); // @main
    std::printf("%d %d %d %s %s %d\n", pages, capacity, numbers[4], name.c_str(), long_name.c_str(), ages["ada"]);
    return library::loans; // @end
}
