// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structs, arrays, exceptions and host data, as an embedder reads, writes and keeps them.
#include "unit/api/world.h"

namespace vitrine {
namespace {

using test::error_of;
using test::World;
using testing::HasSubstr;

constexpr auto shapes = R"((module
    (type $point (struct (field $x (mut i32)) (field $y f64) (field $small (mut i8))))
    (type $line (array (mut (ref null $point))))
    (type $bytes (array (mut i8)))
    (tag $mishap (param i32 i64))
    (import "host" "keep" (func $keep (param anyref)))
    (import "host" "fail" (func $fail))
    (global $origin (ref $point) (struct.new $point (i32.const 1) (f64.const 2.5) (i32.const -1)))
    (global $last (mut anyref) (ref.null any))
    (table $numbers 4 i31ref)
    (elem (table $numbers) (i32.const 1) i31ref (ref.i31 (i32.const -5)) (ref.i31 (i32.const 6)))
    (func (export "point") (param i32) (result (ref $point))
      (struct.new $point (local.get 0) (f64.const 0.5) (i32.const 200)))
    (func (export "x") (param (ref null $point)) (result i32) (struct.get $point $x (local.get 0)))
    (func (export "line") (result (ref $line)) (array.new_fixed $line 2 (global.get $origin) (ref.null $point)))
    (func (export "give") (param anyref) (call $keep (local.get 0)))
    (func (export "echo") (param externref) (result externref) (local.get 0))
    (func (export "inside") (param externref) (result anyref) (any.convert_extern (local.get 0)))
    (func (export "throw") (param i32) (local.get 0) (i64.const 9) (throw $mishap))
    (func (export "catch") (result i32)
      (block $caught (result i32 i64)
        (try_table (catch $mishap $caught) (call $fail))
        (return (i32.const -1)))
      drop)
    (func (export "churn") (param $count i32)
      (loop $again
        (global.set $last (array.new $bytes (i32.const 7) (i32.const 100)))
        (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
    (func (export "hoard") (param $count i32) (local $line (ref $line)) (local $i i32)
      (local.set $line (array.new_default $line (local.get $count)))
      (loop $again
        (array.set $line (local.get $line) (local.get $i)
          (struct.new $point (local.get $i) (f64.const 0) (i32.const 0)))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count)))))))";

struct Heap : World {
    explicit Heap(const Config& config = Config().guest_debug(true))
    {
        engine = Engine(config);
        store = Store(engine);
        linker = Linker(engine);
        linker.define("host", "keep", FuncType { { ValKind::AnyRef }, {} },
            [this](Caller&, std::span<const Val> arguments) -> Result<std::vector<Val>> {
                kept = arguments[0];
                return std::vector<Val> {};
            });
        linker.define("host", "fail", [this]() -> Result<void> {
            const auto thrown = instance->func("throw")->call({ Val::i32(33) });
            return thrown.error();
        });
        instance = instantiate(shapes);
    }

    Result<std::vector<Val>> call(std::string_view name, std::initializer_list<Val> arguments)
    {
        return instance->func(name)->call(arguments);
    }

    std::optional<Instance> instance;
    Val kept;
};

TEST(HeapObjects, OfPrivateGlobalsAndTablesAreReached)
{
    Heap heap;
    const Val origin = heap.instance->debug_global(0)->get();
    ASSERT_EQ(origin.kind(), ValKind::AnyRef);
    EXPECT_EQ(origin.to_text(), "struct {1, 2.5, 255}");
    const Object object = *origin.as_object();
    EXPECT_EQ(object.kind(), Object::Kind::Struct);
    ASSERT_EQ(object.size(), 3u);
    EXPECT_EQ(*object.get(0), Val::i32(1));
    EXPECT_EQ(*object.get(1), Val::f64(2.5));
    EXPECT_EQ(*object.get(2), Val::i32(255)) << "packed";
    ASSERT_TRUE(object.set(0, Val::i32(40)));
    EXPECT_EQ(heap.call("x", { origin })->front(), Val::i32(40)) << "the guest sees the change";
    EXPECT_EQ(error_of(object.set(1, Val::f64(1))), "part 1 is immutable");
    EXPECT_EQ(error_of(object.set(0, Val::i64(1))), "expected a value of type i32, got i64");
    EXPECT_EQ(error_of(object.get(3)), "part 3 is out of bounds: the object has 3 parts");
    const Table numbers = *heap.instance->debug_table(0);
    EXPECT_TRUE(numbers.get(0)->is_null());
    EXPECT_EQ(numbers.get(1)->as_i31(), -5);
    EXPECT_EQ(numbers.get(2)->to_text(), "i31 6");
    ASSERT_TRUE(numbers.set(3, Val::i31(77)));
    EXPECT_EQ(numbers.get(3)->as_i31(), 77);
    EXPECT_EQ(error_of(numbers.set(0, origin)), "expected a value of type i31ref, got struct {40, 2.5, 255}");
}

TEST(HeapObjects, AreEqualWhenTheyAreTheSame)
{
    Heap heap;
    const Object line = *heap.call("line", {})->front().as_object();
    EXPECT_EQ(line.kind(), Object::Kind::Array);
    EXPECT_EQ(Val::ref(line).to_text(), "array[2] {struct, null}");
    const Val origin = heap.instance->debug_global(0)->get();
    EXPECT_EQ(*line.get(0), origin);
    EXPECT_NE(heap.call("point", { Val::i32(1) })->front(), heap.call("point", { Val::i32(1) })->front());
    ASSERT_TRUE(line.set(1, origin));
    EXPECT_EQ(*line.get(1), *line.get(0));
    EXPECT_THAT(error_of(line.set(1, Val::i31(1))), HasSubstr("got i31 1"));
}

TEST(HeapObjects, LiveAsLongAsTheEmbedderRefersToThem)
{
    Heap heap(Config().guest_debug(true).stress_collector(true));
    const Val point = heap.call("point", { Val::i32(5) })->front();
    ASSERT_TRUE(heap.call("give", { point }));
    ASSERT_TRUE(heap.call("churn", { Val::i32(100) }));
    EXPECT_EQ(heap.kept, point);
    EXPECT_EQ(point.to_text(), "struct {5, 0.5, 200}");
}

TEST(HeapObjects, OfTheHostAreLetGoWhenNobodyRefersToThem)
{
    Heap heap(Config().guest_debug(true).stress_collector(true));
    auto data = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = data;
    {
        const Val inside = heap.call("inside", { Val::externref(data) })->front();
        EXPECT_EQ(inside.as_object()->kind(), Object::Kind::Extern);
        EXPECT_EQ(heap.call("echo", { Val::externref(data) })->front().externref(), data);
        data.reset();
        ASSERT_TRUE(heap.call("churn", { Val::i32(2) }));
        EXPECT_FALSE(watched.expired());
    }
    ASSERT_TRUE(heap.call("churn", { Val::i32(2) }));
    EXPECT_TRUE(watched.expired());
}

TEST(HeapObjects, OutliveTheirStoreAsEmptyOnes)
{
    std::optional<Object> object;
    Val value, same, other_value;
    {
        Heap heap;
        value = heap.call("point", { Val::i32(5) })->front();
        ASSERT_TRUE(heap.call("give", { value }));
        same = std::exchange(heap.kept, Val());
        other_value = heap.call("point", { Val::i32(5) })->front();
        object = value.as_object();
    }
    EXPECT_EQ(value, same);
    EXPECT_NE(value, other_value);
    EXPECT_EQ(object->size(), 0u);
    EXPECT_FALSE(object->get(0));
    EXPECT_EQ(value.to_text(), "an object of a store that is gone");
    Heap other;
    EXPECT_EQ(error_of(other.call("give", { value })),
        "cannot call give: value 0: the object belongs to another store, or to one that is gone");
}

TEST(HeapObjects, OfNothingAnswerErrors)
{
    const Object empty;
    EXPECT_EQ(empty.size(), 0u);
    EXPECT_EQ(empty.type(), ValType());
    EXPECT_EQ(error_of(empty.get(0)), "the handle is empty");
    EXPECT_EQ(error_of(empty.part_type(0)), "the handle is empty");
    EXPECT_EQ(error_of(empty.set(0, Val::i32(1))), "the handle is empty");
    EXPECT_EQ(empty, Object());
    EXPECT_TRUE(Val::ref(empty).is_null());
    Heap heap;
    EXPECT_NE(empty, *heap.call("line", {})->front().as_object());
}

TEST(HeapObjects, DoNotLeakOverManyAllocations)
{
    Heap heap(Config().max_heap_bytes(uint64_t { 16 } << 20));
    EXPECT_TRUE(heap.call("churn", { Val::i32(10'000'000) }));
}

TEST(HeapObjects, HaveALimit)
{
    Heap heap(Config().max_heap_bytes(uint64_t { 1 } << 20));
    const auto result = heap.call("hoard", { Val::i32(100'000) });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().trap()->kind, TrapKind::OutOfMemory);
    // The hoarded objects are garbage now.
    EXPECT_TRUE(heap.call("hoard", { Val::i32(1000) }));
}

TEST(Exceptions, ThatNobodyCatchesShowWhatWasThrown)
{
    Heap heap;
    const auto result = heap.call("throw", { Val::i32(5) });
    ASSERT_FALSE(result);
    const Trap& trap = *result.error().trap();
    EXPECT_EQ(trap.kind, TrapKind::UncaughtException);
    EXPECT_EQ(trap.text, "uncaught exception {5, 9}");
    const Val thrown = Val::thrown(trap);
    EXPECT_EQ(thrown.kind(), ValKind::ExnRef);
    EXPECT_EQ(*thrown.as_object()->get(1), Val::i64(9));
    EXPECT_EQ(Val::thrown(Trap {}).kind(), ValKind::None);
}

TEST(Exceptions, PassThroughHostFunctions)
{
    Heap heap;
    EXPECT_EQ(heap.call("catch", {})->front(), Val::i32(33));
}

TEST(Limiters, AreAskedBeforeAnythingGrows)
{
    Heap heap;
    std::vector<std::pair<Resource, uint64_t>> asked;
    bool answer = true;
    ASSERT_TRUE(heap.store.limit_resources([&](Resource resource, uint64_t, uint64_t desired) {
        asked.emplace_back(resource, desired);
        return answer;
    }));
    const auto guest = heap.linker.instantiate(heap.store, heap.module(R"((module (memory 1) (table 2 funcref)
            (func (export "memory") (result i32) (memory.grow (i32.const 2)))
            (func (export "table") (result i32) (table.grow (ref.null func) (i32.const 3)))))"));
    using enum Resource;
    EXPECT_THAT(asked,
        testing::ElementsAre(std::pair(Instances, 2), std::pair(Memories, 1), std::pair(Memory, 65536),
            std::pair(Tables, 2), std::pair(Table, 2)));
    EXPECT_EQ(guest->func("memory")->call({})->front(), Val::i32(1));
    answer = false;
    EXPECT_EQ(guest->func("memory")->call({})->front(), Val::i32(-1));
    EXPECT_EQ(guest->func("table")->call({})->front(), Val::i32(-1));
    EXPECT_EQ(error_of(heap.linker.instantiate(heap.store, heap.module("(module)"))),
        "the embedder's limiter refuses 3 instances");
    const auto hoard = heap.call("hoard", { Val::i32(100'000) });
    ASSERT_FALSE(hoard);
    EXPECT_EQ(hoard.error().trap()->kind, TrapKind::OutOfMemory);
    EXPECT_FALSE(heap.instance->debug_table(0)->grow(1, Val::null(ValKind::AnyRef)));
    ASSERT_TRUE(heap.store.limit_resources({}));
    EXPECT_TRUE(heap.call("hoard", { Val::i32(10'000) }));
}

TEST(Features, ThatAreOffAreRefusedAndUnknownOnesAreAnError)
{
    EXPECT_EQ(error_of(test::try_module(
                  Engine(Config().feature("simd", false)), "(module (global (import \"a\" \"b\") v128))")),
        "simd is disabled: v128");
    EXPECT_EQ(Engine(Config().feature("sim", true)).error()->message(), "there is no feature 'sim'");
}

} // namespace
} // namespace vitrine
