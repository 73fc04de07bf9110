/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * A small bank. Nothing of it is exported: the accounts, the total and the table of operations are static, and
 * only a debugger gets to see them. */
#include <stdio.h>
#include <string.h>

struct account {
    char owner[16];
    int balance;
    int movements;
};

static struct account accounts[3] = {
    { "amber", 120, 0 },
    { "jade", 80, 0 },
    { "opal", 15, 0 },
};

static long long total = 215;

typedef int (*operation)(struct account *account, int amount);

static int deposit(struct account *account, int amount)
{
    account->balance += amount;
    account->movements += 1;
    total += amount;
    return account->balance;
}

static int withdraw(struct account *account, int amount)
{
    if (amount > account->balance)
        return -1;
    account->balance -= amount;
    account->movements += 1;
    total -= amount;
    return account->balance;
}

static operation operations[2] = { deposit, withdraw };

static struct account *find_account(const char *owner)
{
    for (int i = 0; i < 3; ++i)
        if (strcmp(accounts[i].owner, owner) == 0)
            return &accounts[i];
    return NULL;
}

int main(void)
{
    static const struct { const char *owner; int operation, amount; } book[] = {
        { "jade", 0, 20 }, { "amber", 1, 50 }, { "opal", 0, 5 }, { "opal", 1, 100 },
    };
    for (int i = 0; i < 4; ++i) {
        const int balance = operations[book[i].operation](find_account(book[i].owner), book[i].amount);
        printf("%-6s %4d -> %d\n", book[i].owner, book[i].operation ? -book[i].amount : book[i].amount, balance);
    }
    printf("total %lld\n", total);
    return 0;
}
