// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "checks.h"

namespace bank {

enum class Kind : short { Closed, Open = 500 };
static int limit = 11;

struct Base {
    int id;
    long long stamp;
};
struct Named {
    const char* name;
};

template<class T, int size> struct Buffer {
    T items[size];
    unsigned used;
    T first() const { return items[0]; }
};

class Account : public Base, public Named {
public:
    Account(int id, const char* name, int balance) : Base { id, 99 }, Named { name }, balance_(balance) {}

    __attribute__((noinline)) int deposit(int amount, const Buffer<short, 3>& buffer, Account&& other)
    {
        int after = balance_ + amount;
        Account& self = *this;
        Kind kind = kind_;
        CHECK(amount);
        CHECK(after);
        CHECK(balance_);
        CHECK(this->balance_);
        CHECK(id);
        CHECK(stamp);
        CHECK(name[1]);
        CHECK(self.balance_);
        CHECK(self.id);
        CHECK(buffer.used);
        CHECK(buffer.items[2]);
        CHECK(other.balance_);
        CHECK(&self == this);
        CHECK(limit);
        CHECK(bank::limit);
        CHECK(count);
        CHECK(Account::count);
        CHECK(kind == Kind::Open);
        CHECK(sizeof(Account));
        check_shown("kind", "Open");
        check_shown("name == \"jade\"", "1");
        assign("balance_ = 1000");
        assign("self.id = 3");
        if (balance_ != 1000 || id != 3)
            __builtin_trap();
        balance_ = after;
        return after + static_cast<int>(kind);
    }
    static int count;

private:
    int balance_;
    Kind kind_ = Kind::Open;
};
int Account::count = 21;

} // namespace bank

int limit = 12;

extern "C" __attribute__((export_name("run"))) int run(int n)
{
    bank::Account account(n, "jade", 80);
    const bank::Buffer<short, 3> buffer { { 1, 2, -3 }, 2 };
    int result = 0;
    for (int i = 0; i < n; ++i) {
        const int shadowed = i;
        {
            const long long shadowed = i * 1000000000000;
            CHECK(shadowed);
        }
        CHECK(shadowed);
        CHECK(limit);
        CHECK(bank::limit);
        CHECK(::limit);
        result += account.deposit(i, buffer, bank::Account(5, "other", 6 + shadowed));
    }
    return result;
}
