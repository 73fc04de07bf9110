// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/mutation.h"

#include "runtime/objects.h"
#include "support/guest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vitrine::core::test {
namespace {

constexpr auto wat = R"((module
    (memory (export "memory") 1 3)
    (global (export "global") (mut i64) (i64.const 5))
    (table (export "table") 4 8 funcref)
    (type $point (struct (field (mut i8)) (field (mut i64))))
    (type $bytes (array (mut i16)))
    (func (export "nothing"))))";

/// Records the mutations that it is told of.
struct Listener final : MutationListener {
    struct Words {
        std::string operator()(const MemoryBytes& range) const
        {
            return "memory " + std::to_string(range.address) + "+" + std::to_string(range.count);
        }
        std::string operator()(const Global*) const { return "global"; }
        std::string operator()(const TableElements& range) const
        {
            return "table " + std::to_string(range.index) + "+" + std::to_string(range.count);
        }
        std::string operator()(const ObjectPart& part) const { return "part " + std::to_string(part.index); }
        std::string operator()(const StackSlots& range) const
        {
            return "slots " + std::to_string(range.count);
        }
        std::string operator()(const GrownMemory& memory) const
        {
            return "memory grown from " + std::to_string(memory.old_pages);
        }
        std::string operator()(const GrownTable& table) const
        {
            return "table grown from " + std::to_string(table.old_size);
        }
    };
    void on_mutation(Origin origin, const Mutation& mutation) override
    {
        origins.push_back(origin);
        heard.push_back(std::visit(Words {}, mutation));
    }
    std::string take()
    {
        std::string all;
        for (const std::string& text : heard)
            all += all.empty() ? text : ", " + text;
        heard.clear();
        return all;
    }

    std::vector<Origin> origins;
    std::vector<std::string> heard;
};

struct Changed {
    Changed() { mutator.set_listener(&listener); }

    std::shared_ptr<EngineState> engine = std::make_shared<EngineState>();
    Store store { engine };
    Instance& instance = **Linker().instantiate(store, module_of(*engine, wat));
    Mutator& mutator = store.mutator;
    Memory& memory = *instance.memories[0];
    Table& table = *instance.tables[0];
    Global& global = *instance.globals[0];
    Listener listener;
};

TEST(Mutation, IsDoneAndTold)
{
    Changed guest;
    const std::vector<uint8_t> bytes { 1, 2, 3 };
    guest.mutator.write(Origin::Host, guest.memory, 65533, bytes);
    EXPECT_TRUE(std::ranges::equal(guest.memory.bytes().last(3), bytes));
    EXPECT_EQ(guest.listener.take(), "memory 65533+3");

    guest.mutator.fill(Origin::Host, guest.memory, 10, 7, 5);
    EXPECT_EQ(guest.memory.bytes()[14], 7);
    EXPECT_EQ(guest.memory.bytes()[15], 0);
    EXPECT_EQ(guest.listener.take(), "memory 10+5");

    guest.mutator.set(Origin::Host, guest.global, Value::i64(-1));
    EXPECT_EQ(guest.global.get(), Value::i64(-1));
    EXPECT_EQ(guest.listener.take(), "global");

    const Ref function = Ref::of(guest.instance.functions[0]);
    guest.mutator.set(Origin::Host, guest.table, 3, function);
    EXPECT_EQ(guest.table.elements()[3], function);
    EXPECT_EQ(guest.listener.take(), "table 3+1");

    Slot slots[3] { 1, 2, 3 };
    const Slot values[2] { 8, 9 };
    guest.mutator.set(Origin::Debugger, slots + 1, values);
    EXPECT_TRUE(std::ranges::equal(slots, std::vector<Slot> { 1, 8, 9 }));
    EXPECT_EQ(guest.listener.take(), "slots 2");

    EXPECT_EQ(guest.mutator.grow(Origin::Embedder, guest.memory, 1), 1u);
    EXPECT_EQ(guest.mutator.grow(Origin::Embedder, guest.table, 2, function), 4u);
    EXPECT_EQ(guest.listener.take(), "memory grown from 1, table grown from 4");
    EXPECT_EQ(std::ranges::count(guest.listener.origins, Origin::Host), 4);
}

TEST(Mutation, OfObjects)
{
    Changed guest;
    const auto types = guest.instance.types;
    const Slot fields[] { 0x12, 5 };
    Object* const point = struct_new(guest.store.heap, *types[0], fields);
    const Root keeps_point(guest.store.heap, point);
    Object* const array = array_new(guest.store.heap, *types[1], fields, 3);
    const Root keeps_array(guest.store.heap, array);
    guest.mutator.set(Origin::Embedder, *point, 0, Value::i32(0x7f));
    guest.mutator.set(Origin::Embedder, *point, 1, Value::i64(9));
    guest.mutator.set(Origin::Embedder, *array, 2, Value::i32(0x1234));
    EXPECT_EQ(part_of(*point, 0).low, 0x7fu);
    EXPECT_EQ(part_of(*point, 1), Value::i64(9));
    EXPECT_EQ(part_of(*array, 1).low, 0x12u);
    EXPECT_EQ(part_of(*array, 2).low, 0x1234u);
    EXPECT_EQ(guest.listener.take(), "part 0, part 1, part 2");
}

TEST(Mutation, OfNothingOrRefusedIsNotTold)
{
    Changed guest;
    guest.mutator.write(Origin::Host, guest.memory, 65536, {});
    guest.mutator.fill(Origin::Host, guest.memory, 65536, 1, 0);
    guest.mutator.edit(Origin::Host, guest.memory, 0, 8).commit(0);
    EXPECT_EQ(guest.mutator.grow(Origin::Host, guest.memory, 0), 1u);
    EXPECT_EQ(guest.mutator.grow(Origin::Host, guest.memory, 3), std::nullopt);
    EXPECT_EQ(guest.mutator.grow(Origin::Host, guest.table, 5, {}), std::nullopt);
    EXPECT_EQ(guest.listener.take(), "");
}

TEST(Mutation, OfABufferIsWhatWasCommitted)
{
    Changed guest;
    const auto edit = guest.mutator.edit(Origin::Host, guest.memory, 100, 50);
    ASSERT_EQ(edit.bytes().size(), 50u);
    edit.bytes()[0] = 1;
    edit.bytes()[49] = 2;
    EXPECT_EQ(guest.listener.take(), "");
    edit.commit(20);
    EXPECT_EQ(guest.listener.take(), "memory 100+20");
    EXPECT_EQ(guest.memory.bytes()[149], 2) << "what was written is there all the same";
}

} // namespace
} // namespace vitrine::core::test
