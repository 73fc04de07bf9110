// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "exec/crossing.h"
#include "exec/frame.h"
#include "jit/assembler.h"
#include "jit/bytecode.h"
#include "jit/out_of_line.h"
#include "jit/scan.h"
#include "runtime/heap.h"
#include "runtime/instance_layout.h"
#include "runtime/slot.h"

#include <algorithm>
#include <optional>

namespace vitrine::core::jit {

/// [doc] How the compiler works
///
/// It reads a body once, from the first byte to the last, and emits machine code as it goes. There
/// is no intermediate form. What it knows at each point:
///
/// - where each operand is: still a constant, still "the value of local n", in a register, or in
///   its home, the slot that the interpreter would keep it in;
/// - for each pinned local: whether its register has the value (valid), and whether its home does
///   not (dirty).
///
/// Code leaves to the interpreter through exits. Nothing is written to homes for that in advance:
/// when the first exit is taken, the compiler runs again, and notes where all values are at each.
/// So an instruction must not overwrite a register of an operand or of a pinned local before its
/// last possible exit. The operands of an instruction stay on the compiler's stack until then.
///
/// At calls and at the beginnings of blocks all operands are in their homes. A label has a fixed
/// state of the pins, decided by the first branch to it; other branches adapt on their edge. A
/// block's single result is in rax or xmm0 at its end.
class FunctionCompiler {
public:
    /// What to note down.
    struct Wanted {
        /// Only this place, or all.
        std::optional<StopPoint> place {};
        uint64_t max_bytes = UINT64_MAX;
        Notes notes {};
    };

    /// `wanted` may be null.
    FunctionCompiler(
        const CompileRequest& request, Assembler& assembler, Scan& scan, Wanted* wanted = nullptr);

    std::expected<CompiledCode, CompileRefusal> run();

private:
    // -- Values

    struct Operand {
        enum class Kind : uint8_t { Home, Constant, Local, Register } kind = Kind::Home;
        Type type = Type::I32;
        /// The number of a general or vector register.
        uint8_t reg = 0;
        /// The home: a slot of the frame.
        uint32_t slot = 0;
        /// The bits of a constant, or the index of a local. For a constant v128, the index in
        /// `constants_`.
        uint64_t value = 0;
    };
    /// The state of the pinned locals, as sets of pins. Dirty pins are valid.
    struct Pins {
        uint32_t valid = 0;
        uint32_t dirty = 0;
    };
    /// What is known about registers, to be restored after code for another path.
    struct Snapshot {
        std::vector<Operand> stack;
        Pins pins;
        uint32_t busy_regs, busy_xmms;
        std::array<int32_t, 16> cached_regs, cached_xmms;
    };

    struct Control {
        Op op = Op::Block;
        /// The body itself.
        bool is_function = false;
        /// Operands below the block, and the slot at which its parameters begin.
        uint32_t height = 0;
        uint32_t slot = 0;
        Label label {};
        Label else_label {};
        /// The block's type: a function type, or a single result, or neither.
        const FuncType* type = nullptr;
        bool has_single = false;
        ValueType single {};
        uint32_t scanned = 0;
        /// Whether validation takes the block's beginning, and the current place in it, for
        /// reachable. This decides about entries in the side table.
        bool is_live = true;
        bool is_unreachable = false;
        /// Whether machine code reaches its beginning.
        bool was_dead = false;
        /// A branch to the label has decided its state.
        bool has_state = false;
        /// A clause of a `try_table` leads to the label.
        bool is_landing = false;
        /// The `loop` instruction.
        uint32_t offset = 0;
        /// The false edge of an `if` without parameters and results leads straight to the label.
        bool else_is_label = false;
        Pins pins {};
        Pins else_pins {};
        /// Where the `br_table` with this number goes for a branch to the label.
        uint32_t table = 0;
        Label table_edge {};

        std::span<const ValueType> params() const
        {
            return type && !is_function ? std::span<const ValueType>(type->params)
                                        : std::span<const ValueType>();
        }
        std::span<const ValueType> results() const
        {
            return type ? std::span<const ValueType>(type->results) : std::span(&single, has_single);
        }
    };

    /// How many of the topmost operands can be elsewhere than in their homes. Bounds the time that
    /// an instruction takes.
    static constexpr size_t max_movable = 32;
    size_t first_movable() const { return stack_.size() - std::min(stack_.size(), max_movable); }

    static constexpr Width width_of(Type type) { return type == Type::I32 ? Width::w32 : Width::w64; }
    static constexpr uint32_t bit(Reg reg) { return 1u << static_cast<uint32_t>(reg); }
    static constexpr uint32_t bit(Xmm reg) { return 1u << static_cast<uint32_t>(reg); }
    static constexpr bool is_temp(Reg reg) { return reg <= Reg::rdx || reg == Reg::rsi; }
    static constexpr bool is_temp(Xmm reg) { return static_cast<uint32_t>(reg) < temp_xmms; }
    static constexpr bool is_general_pin(uint32_t pin) { return pin < pin_regs.size(); }
    static constexpr Reg pin_reg(uint32_t pin) { return pin_regs[pin]; }
    static constexpr Xmm pin_xmm(uint32_t pin) { return static_cast<Xmm>(temp_xmms + pin - pin_regs.size()); }
    Address home(uint32_t slot) const { return at(frame_reg, int64_t { slot } * 8); }

    // -- Operands (operands.cpp). `depth` counts from the top, 0.

    Operand& operand(uint32_t depth) { return stack_[stack_.size() - 1 - depth]; }
    Type type(uint32_t depth) { return operand(depth).type; }
    bool is_constant(uint32_t depth) { return operand(depth).kind == Operand::Kind::Constant; }
    /// Whether it is a constant that an instruction of this type can have as an immediate.
    bool is_immediate(uint32_t depth);
    int32_t immediate(uint32_t depth) { return static_cast<int32_t>(operand(depth).value); }
    uint32_t top_slot() const
    {
        return stack_.empty() ? local_slots_ : stack_.back().slot + slots_of(stack_.back().type);
    }

    /// A register that has the value. Must not be changed.
    Reg use(uint32_t depth);
    Xmm use_xmm(uint32_t depth);
    /// A temporary that has the value and that the instruction may change after its last exit.
    Reg take(uint32_t depth);
    Xmm take_xmm(uint32_t depth);
    /// The operand in memory, if it is there and in no register; for instructions that can read it
    /// from there.
    std::optional<Address> in_memory(uint32_t depth);
    /// The same for a float, which may also be a constant.
    std::optional<Address> in_memory_xmm(uint32_t depth);
    /// Removes operands. Their registers keep the values until they are allocated again.
    void pop(uint32_t count = 1);
    /// Adds a result.
    void push(Type type, Reg reg);
    void push(Type type, Xmm reg);
    void push_constant(Type type, uint64_t value);
    void push_vector_constant(uint64_t low, uint64_t high);
    void push_home(Type type);
    void push_local(uint32_t local);

    /// A temporary that belongs to this instruction, or to its result.
    Reg allocate();
    Xmm allocate_xmm();
    /// Makes a certain temporary available: whatever is in it moves away.
    void claim(Reg reg);
    void claim(Xmm reg);
    void release(Reg reg);
    void release(Xmm reg);
    /// Where the result should go: the pin of the local that the next instruction sets, or a
    /// temporary. If not null, `avoid` is a register that must not be chosen. To be called when the
    /// operands have been popped.
    Reg result_reg(std::optional<Reg> avoid = {});
    Xmm result_xmm(std::optional<Xmm> avoid = {});
    /// The pin that `result_reg` would choose, if any.
    std::optional<Reg> result_pin(uint32_t operands = 0);
    std::optional<Xmm> result_pin_xmm(uint32_t operands = 0);
    void load_constant(Reg to, uint64_t value) { a.mov(to, value); }
    void load_constant(Xmm to, uint64_t value, bool is_wide = false);
    void load_constant(Xmm to, const Operand& constant);
    /// Aligned to 16 bytes.
    Address constant_in_memory(uint64_t low, uint64_t high = 0)
    {
        return at(constants_[constant_index(low, high)].label);
    }
    uint32_t constant_index(uint64_t low, uint64_t high);
    void store_constant(uint32_t slot, uint64_t value);
    void store_constant(uint32_t slot, const Operand& constant);

    /// Moves an operand to its home.
    void spill(Operand& operand);
    void spill_all();
    /// Writes the value of an operand into a slot.
    void store_at(uint32_t depth, uint32_t slot);
    void clear_caches();
    void end_instruction();
    Snapshot snapshot() const;
    void restore(const Snapshot& saved);

    // -- Locals (local_registers.cpp)

    int pin_of(uint32_t local) const { return pin_of_[local]; }
    Type local_type(uint32_t local) const { return local_types_[local]; }
    uint32_t local_slot(uint32_t local) const;
    /// A register that has the local's value until the next one is allocated.
    Reg local_reg(uint32_t local);
    Xmm local_xmm(uint32_t local);
    void load_slot(Xmm to, Type type, uint32_t slot);
    void load_pin(uint32_t pin);
    void store_pin(uint32_t pin);
    /// Makes a pin valid.
    void validate(uint32_t pin);
    void store_dirty();
    /// After code that may have changed all registers.
    void forget_registers();
    bool differs(Pins from, Pins to) const
    {
        return (from.dirty & ~to.dirty) != 0 || (to.valid & ~from.valid) != 0;
    }
    /// Goes from the current state to another one. Does not change the flags.
    void adapt(Pins to);
    void set_local(uint32_t local, bool keeps_value);
    void drop_cached(uint32_t local);
    /// Gives operands that mean "the value of this local" a place of their own. The topmost
    /// `except` operands are not looked at.
    void detach(uint32_t local, uint32_t except);
    void zero_locals();

    // -- Exits

    /// A label to jump to when the interpreter must execute the current instruction.
    Label exit();
    void exit_if(Condition condition) { a.jcc(condition, exit()); }
    /// Always leaves. The results of the current instruction are then expected in their homes.
    void exit_always();
    /// Notes where all values are, if this is wanted at one of the numbers or offsets from `begin`
    /// to `end`.
    void take_note(StopPoint::Kind kind, uint32_t begin, uint32_t end);
    Note make_note() const;
    /// Emits an instruction that may fault. Its operands must still be on the stack.
    template<class Emit> void access(const Emit& emit)
    {
        const uint32_t begin = a.offset();
        emit();
        if (wanted_) [[unlikely]]
            take_note(StopPoint::Kind::Fault, begin, a.offset());
    }
    /// Whether the code may leave before the instruction at this place.
    bool may_exit_before(const uint8_t* instruction) const;
    /// Exits before the current instruction, if it is marked or the version leaves there at random.
    void emit_stops();
    /// Counts a tick if the version does so, and leaves when the stop tick is reached.
    void count_tick();
    const VersionMark* find_mark(uint32_t offset) const;
    bool is_planted(uint32_t offset) const;
    uint32_t offset_of(const uint8_t* instruction) const
    {
        return static_cast<uint32_t>(instruction - body_);
    }

    // -- Guards (compile_guards.cpp)

    /// Leaves if the guard of a mark holds, or cannot be evaluated.
    void emit_guard(GuardView guard);
    /// The pin that has the valid value of the local in this slot, if any.
    std::optional<uint32_t> find_valid_pin(uint32_t slot) const;
    friend class GuardCompiler;

    // -- Control (control.cpp)

    void read_block_type(Control& control, const uint8_t*& at) const;
    void open_block(Op op);
    void open_loop();
    /// Begins an `if`; the flags are set.
    void open_if(Condition condition);
    /// Ends a part of a block that falls through to the label, and begins the next part.
    void finish_part(Control& block);
    void begin_part(const Control& block, std::span<const ValueType> values, Pins pins);
    void else_part();
    void catch_part(Op op);
    /// Reads the clauses of a `try_table`, before its block is opened: where they lead, the code
    /// can be entered.
    void read_catches(const uint8_t* at);
    /// An entry for frames that have caught an exception, and continue at `offset` behind a branch
    /// to this label.
    void add_landing(const Control& target, uint32_t offset);
    void end_block();
    void end_function();
    void branch(uint32_t depth);
    /// Branches if the flags say so.
    void branch_if(Condition condition, uint32_t depth);
    void branch_table();
    void emit_return();
    /// The flags are set and the operands popped: continues with the instructions that use the
    /// condition, or pushes it as an i32.
    void finish_condition(Condition condition);
    /// Compares the topmost operand with 0 and pops it.
    Condition test_operand();
    void select(Condition condition);
    Control& control(uint32_t depth) { return controls_[controls_.size() - 1 - depth]; }
    static std::span<const ValueType> label_types(const Control& control)
    {
        return control.op == Op::Loop ? control.params() : control.results();
    }
    bool is_in_register(const Control& control) const
    {
        return control.op != Op::Loop && control.results().size() == 1;
    }
    /// Puts the values of a branch where its label expects them. Destroys temporaries.
    void place_results(const Control& control);
    void place_values(std::span<const ValueType> types, uint32_t slot, bool in_register);
    /// Frees the register of a value that is not needed any more.
    void forget(Operand& value);
    /// Whether a branch returns from the function.
    bool leads_out(uint32_t depth) const;
    /// A label to jump to for a branch: the target's, or that of code that adapts to it.
    Label edge_to(uint32_t depth);
    void to_result_register();
    void decide_state(Control& control);
    void push_results(std::span<const ValueType> types, bool in_register);
    void reset_stack(const Control& control);
    bool is_unreachable() const { return !controls_.back().is_live || controls_.back().is_unreachable; }
    void set_unreachable();
    /// The number of entries that the instruction has in the side table.
    uint32_t entries_of(Op op, const uint8_t* immediates) const;

    // -- Instructions. Each returns false for instructions that it does not know.

    void compile_instruction(Op op);
    /// Leaves for good before an instruction that has no machine code.
    void leave_to_interpreter(Op op);
    /// What an instruction does to the operands: how many it pops, and what it pushes.
    struct Effect {
        uint32_t popped = 0;
        std::vector<Type> pushed {};
    };
    Effect effect_of(Op op) const;
    /// Whether the instruction may access what the thread watches. The interpreter executes it.
    bool is_watched(Op op) const;
    void read_locals();
    /// Whether code and data have grown out of proportion to the body.
    bool is_over_budget() const;
    void emit_entry();
    void skip_dead(Op op);

    bool compile_control(Op op);
    bool compile_variable(Op op);
    bool compile_number(Op op);
    bool compile_memory(Op op);
    bool compile_bulk(Op op);
    bool compile_call(Op op);
    bool compile_vector(Op op);
    bool compile_reference(Op op);
    bool compile_atomic(Op op);

    // compile_numbers.cpp
    void compare(Condition condition, Type type);
    void compare_floats(Op op);
    void integer_binary(Op op, Type type);
    void shift(Op op, Type type);
    void divide(bool is_signed, bool wants_remainder, Type type);
    void count_bits(Op op, Type type);
    void extend(Op op);
    void float_binary(Op op, Type type);
    void float_extreme(bool is_min, Type type);
    void float_unary(Op op, Type type);
    void copysign(Type type);
    /// Calls the function of runtime/numeric.
    void call_numeric(Op op);
    /// The last instruction has set the flags by this register's value.
    void note_flags(Reg reg, Width width);
    /// Exchanges the topmost two operands. Only for instructions without exits.
    void swap_operands();
    void use_if_home(uint32_t depth);

    // compile_conversions.cpp
    void convert_to_float(Op op);
    void convert_float(Op op);
    void truncate(Op op);
    void reinterpret(Op op);

    // compile_memory.cpp
    struct MemoryArgument {
        uint32_t memory = 0;
        uint64_t offset = 0;
    };
    MemoryArgument read_memory_argument(const uint8_t*& at) const;
    /// Whether the address is a temporary of this instruction and a displacement.
    bool scratch_of(const Address& address) const
    {
        return !address.has_index && address.base != memory_reg && (scratch_regs_ & bit(address.base)) != 0;
    }
    /// The address of `size` bytes at the operand's value plus the offset. Emits checks.
    Address address_of(const MemoryArgument& argument, uint32_t depth, uint32_t size);
    bool is_watching_memory(bool is_write) const
    {
        return (key_.watched & access_bit(StateKind::Memory, is_write)) != 0;
    }
    bool is_watching_memory() const { return is_watching_memory(false) || is_watching_memory(true); }
    /// Leaves before an access that touches what the thread watches. Returns the address to use.
    Address check_watch(const Address& address, uint32_t size, bool is_write);
    /// The same for an instruction that may both read and write. `scratch` is overwritten.
    void check_watches(const Address& address, uint32_t size, const StateUse& use, Reg scratch);
    /// Temporaries for a comparison: `place` gets the address of the last byte that is accessed,
    /// relative to the beginning of what is watched; `words` the address of the thread's context.
    struct WatchRegs {
        Reg place {}, words {};
    };
    /// `place` may belong to the address.
    void compare_watched(const Address& address, uint32_t size, bool is_write, WatchRegs regs);
    /// Whether `address_of` needs no register besides that of the operand. If it does, the access
    /// cannot fault, or its operand can be spilled before.
    bool is_direct(const MemoryArgument& argument) const;
    void load(Op op);
    void store(Op op);
    void get_global(uint32_t index);
    void set_global(uint32_t index);
    void load_table(Reg to, uint32_t table);
    /// A temporary with the address of a table's element. Leaves if the index is out of bounds.
    Reg table_element(uint32_t table, uint32_t depth);
    /// Calls a C++ function with all values at home. Leaves if it returns another number than 0.
    void call_out(
        OutOfLine function, uint64_t argument, uint32_t params, std::initializer_list<Type> results);
    /// After a call of a C++ function, which preserves two of the pins.
    void forget_after_call_out();

    // compile_references.cpp
    /// The topmost operand, which must not be null. Leaves otherwise.
    Reg non_null(uint32_t depth);
    /// Compares the topmost operand with a reference type. Returns the condition that the flags
    /// meet if it has the type.
    Condition test_type(int64_t heap, bool is_nullable);
    Condition test_abstract_type(HeapKind kind, bool is_nullable);
    void branch_on_cast(bool is_on_cast);

    // compile_objects.cpp
    bool compile_object(Op op);
    /// A field or an element: its type on the operand stack, and its size in bytes if it is packed.
    struct Part {
        Type type;
        uint8_t packed_bytes = 0;
        explicit Part(const FieldType& field)
            : type(type_of(unpacked(field))), packed_bytes(field.packed_bytes)
        {}
    };
    /// Replaces the topmost `popped` operands by the value of a part.
    void load_part(const Part& part, const Address& from, bool is_signed, uint32_t popped);
    /// Stores the topmost operand and pops `popped` operands. A field has a whole slot.
    void store_part(Type type, uint32_t bytes, const Address& to, uint32_t popped);
    /// The address of an array's element. Leaves if the array is null or the index out of bounds.
    Address element_address(const TypeInfo& type, uint32_t array_depth);
    /// Calls a C++ function that makes an object with all values at home, and pushes the object.
    /// Leaves if there is none.
    void make_object(ObjectMaker maker, uint64_t argument, uint32_t params);
    const TypeInfo& read_type() { return *module_.type_infos[bytecode::read<uint32_t>(next_)]; }

    // compile_wide.cpp
    bool compile_wide(Op op);
    void add_wide(bool is_sub);
    void multiply_wide(bool is_signed);

    // compile_fused.cpp. Each returns false if the next instructions are not those it looks for.
    /// A load whose value only the next instruction uses, which can read it from memory.
    bool fold_load(Op op, const Address& from);
    /// `user` is the next instruction, and `after` the place after it.
    bool fold_integer_load(Op user, const uint8_t* after, Type type, const Address& from);
    /// A bitwise and whose result is only compared with 0.
    bool test_bits(Type type);
    /// Shifts to the left and back, which are a sign extension.
    bool extend_by_shifts(uint8_t count, Type type);

    // compile_vectors.cpp
    /// A machine instruction on vectors, by where its last operand is.
    struct PackedUnary {
        void (Assembler::*from_register)(Xmm, Xmm);
        void (Assembler::*from_memory)(Xmm, const Address&);
    };
    struct PackedBinary {
        void (Assembler::*with_register)(Xmm, Xmm, Xmm);
        void (Assembler::*with_memory)(Xmm, Xmm, const Address&);
    };
    bool fold_float_load(PackedBinary instruction, const uint8_t* after, const Address& from);
    /// The operand in memory, if a vector instruction can read it from there.
    std::optional<Address> vector_in_memory(uint32_t depth);
    /// A register for a result that is written before the `operands` topmost operands have been
    /// read for the last time: none of theirs.
    Xmm target_xmm(uint32_t operands);
    /// A register for the result of one instruction on `x` and `y`, with the operands popped.
    Xmm result_over(Xmm x, std::optional<Xmm> y = {});
    void packed_unary(PackedUnary instruction);
    void packed_binary(PackedBinary instruction, bool is_swapped = false);
    /// Computes with one, two or three operands and puts the result into another register.
    template<class Emit> void compute1(const Emit& emit);
    template<class Emit> void compute2(const Emit& emit);
    template<class Emit> void compute3(const Emit& emit);
    void zero(Xmm to) { a.pxor(to, to, to); }
    void fill_with_ones(Xmm to) { a.pcmpeqd(to, to, to); }
    void invert(Xmm to);
    bool compile_packed_integer(Op op);
    void compare_unsigned(PackedBinary extreme, PackedBinary equal, bool is_inverted);
    void compare_inverted(PackedBinary compare, bool is_swapped);
    void negate_packed(PackedBinary subtract);
    void test_all_true(PackedBinary equal);
    void bitmask(Op op);
    bool compile_packed_shift(Op op);
    void shift_packed(
        PackedBinary by_register, void (Assembler::*by_constant)(Xmm, Xmm, uint8_t), uint8_t bits);
    void shift_bytes(Op op);
    void shift_long_signed();
    /// A vector register with the number of bits to shift by, from the topmost operand.
    Xmm shift_count(uint8_t bits);

    // compile_wide_vectors.cpp
    bool compile_packed_width(Op op);
    void extend_high(PackedUnary extend);
    void multiply_bytes(PackedUnary extend, bool is_high);
    void multiply_words(PackedBinary high_half, PackedBinary unpack);
    void multiply_ints(PackedBinary multiply, bool is_high);
    void multiply_longs();
    void dot_bytes(bool adds);

    // compile_vector_floats.cpp
    bool compile_packed_float(Op op);
    void compare_packed(uint8_t predicate, bool is_f32, bool is_swapped);
    void packed_extreme(bool is_min, bool is_f32);
    void round_packed(uint8_t how, bool is_f32);
    void multiply_add(bool is_negated, bool is_f32);
    bool compile_packed_conversion(Op op);

    // compile_lanes.cpp
    bool compile_lane_op(Op op);
    void splat(Op op);
    void splat_in(Xmm to, uint32_t lane_bytes);
    void extract_lane(Op op);
    void replace_lane(Op op);
    void swizzle();
    void shuffle();
    void shuffle_one(uint32_t depth, const std::array<uint8_t, 16>& lanes);
    bool shuffle_two(const std::array<uint8_t, 16>& lanes);
    void vector_load(Op op);
    void vector_store();
    void load_lane(Op op);
    void store_lane(Op op);

    // compile_atomics.cpp
    /// Leaves if the address is not a multiple of the size. `scratch` is overwritten.
    void check_alignment(const Address& address, uint32_t size, Reg scratch);
    void load_zero_extended(Reg to, const Address& from, uint32_t size);
    /// Frees the temporary that an operand is in, if any.
    void spill_temporary(uint32_t depth);
    void zero_extend(Reg reg, uint32_t size, Type type);
    void atomic_load(Op op);
    void atomic_exchange(Op op);
    void atomic_with_rax(Op op);
    bool atomic_without_result(Op op);

    // compile_calls.cpp
    struct CallTarget {
        enum class Kind : uint8_t {
            Own,     ///< a function that the module defines
            Other,   ///< an imported function
            Checked, ///< rax has the callee, which may belong to another instance
        } kind;
        uint32_t function = 0;
    };
    void emit_call(const FuncType& type, CallTarget target);
    /// The callee is in a temporary of the instruction. Its index or reference is the topmost
    /// operand.
    void call_checked(const FuncType& type, Reg callee);
    /// Leaves unless the callee has the type. Returns a temporary of the instruction that has the
    /// callee.
    Reg check_callee(TypeIndex type, Reg callee);
    void tail_call(uint32_t function);
    void tail_call_checked(const FuncType& type, Reg callee);
    /// Moves the arguments of a tail call to the beginning of the frame.
    void move_arguments(const FuncType& type);
    void jump_to_callee();

    const Module& module_;
    const CompileRequest& request_;
    const VersionKey& key_;
    const FuncMeta& meta_;
    const InstanceLayout layout_;
    Assembler& a;
    Scan& scan_;
    Wanted* const wanted_;

    const uint8_t* const body_;
    /// The current instruction, and the next byte to read.
    const uint8_t* instruction_ = nullptr;
    const uint8_t* next_ = nullptr;
    const uint8_t* end_ = nullptr;
    /// The side table's cursor at the current instruction, from the body's first entry.
    uint32_t cursor_ = 0;

    const FuncType& func_type_;
    /// The final `end` is marked, so that branches must reach it.
    bool is_end_marked_ = false;
    std::vector<Type> local_types_;
    std::vector<int8_t> pin_of_;
    uint32_t local_slots_ = 0;

    std::vector<Operand> stack_;
    /// Operands below this one are known to be in their homes.
    size_t spilled_ = 0;
    /// Operands from this one on belong to the current instruction and are not spilled.
    size_t protected_ = SIZE_MAX;
    std::vector<Control> controls_;
    uint32_t next_scanned_ = 1;
    /// Machine code does not reach the current place.
    bool is_dead_ = false;
    Pins pins_;
    /// Temporaries that operands or the current instruction use, and those of the latter.
    uint32_t busy_regs_ = 0, busy_xmms_ = 0, scratch_regs_ = 0, scratch_xmms_ = 0;
    /// The local whose value a temporary has, or -1.
    std::array<int32_t, 16> cached_regs_ {}, cached_xmms_ {};
    /// Code after which the flags say whether a register is 0.
    uint32_t flags_offset_ = 0;
    Reg flags_reg_ {};
    Width flags_width_ {};

    std::vector<Label> exits_;
    CompiledCode code_;
    struct Constant {
        uint64_t low, high;
        Label label;
    };
    std::vector<Constant> constants_;
    /// An access that may touch what is watched.
    struct Watch {
        WatchRegs regs {};
        uint32_t size = 0;
        bool is_write = false;
        Label exit {};
    };
    /// Code that is placed at the end, because it is rarely executed.
    struct Cold {
        enum class Kind : uint8_t {
            Edge,      ///< adapts the pins and jumps to a label
            Return,    ///< returns
            OtherCall, ///< the call of a function of another instance
            Watched,   ///< an access near what is watched
            TypeCheck, ///< compares the type of the function in rax with `type`
        } kind;
        Label begin, to {};
        /// For `Edge` and `Return`: frames can be continued here, at this offset.
        std::optional<uint32_t> entry {};
        /// For `TypeCheck`.
        TypeId type {};
        Label exit {};
        Pins from {}, target {};
        /// The values that a branch carries, and where they go.
        std::vector<Operand> values {};
        std::span<const ValueType> types {};
        std::optional<ValueType> single {};
        uint32_t slot = 0;
        bool in_register = false;
        /// For `OtherCall`.
        Site site {};
        /// For `Watched`.
        Watch watch {};
    };
    std::vector<Cold> cold_;
    struct Table {
        Label label;
        std::vector<Label> targets;
    };
    std::vector<Table> tables_;
    uint32_t table_count_ = 0;
    struct PendingLoop {
        uint32_t offset;
        Pins pins;
        Label to;
    };
    std::vector<PendingLoop> loops_;
    /// Returns false if the code gets too large.
    bool emit_cold();
    /// Operands in `cold_`.
    uint64_t cold_values_ = 0;
    void emit_watched(const Cold& cold);
};

} // namespace vitrine::core::jit
