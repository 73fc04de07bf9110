// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/func_meta.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::source {

/// [doc] What debug information says
///
/// Plain data, without a library: the reader of DWARF (layer `dwarf`) fills it in, in a process of
/// its own, and everybody else asks `Symbols`. All offsets of code count from the first byte of
/// the module. An id is only valid for the `Symbols` that gave it.
///
///     offset -> Function -> Scopes, innermost first -> Variables -> Type
///            -> Row (file, line)

/// An index in `Summary::files`.
enum class FileId : uint32_t {};
/// 0 is no function.
enum class FunctionId : uint64_t {};
/// 0 is no type: `void`.
enum class TypeId : uint64_t {};
enum class VariableId : uint64_t {};

/// An expression of DWARF, as it is except for operands that only its unit can resolve:
/// `DW_OP_addrx` and `DW_OP_constx` are replaced by `DW_OP_addr` and `DW_OP_const8u`, and the base
/// type of a typed operation, such as `DW_OP_convert`, by `size << 8 | encoding`, both as in its
/// entry (4 << 8 | 5 for an `int`; 0 stays 0). source/location.h reads them.
using Expression = std::vector<uint8_t>;

/// The source language, by the producer rather than by the language attribute: Zig calls itself
/// C99.
enum class Language : uint8_t { Unknown, C, Cpp, Rust, Zig, Wat, AssemblyScript, Go };

/// Code from `begin` up to, but without, `end`.
struct Range {
    CodeOffset begin = 0, end = 0;

    bool contains(CodeOffset offset) const { return begin <= offset && offset < end; }
    friend bool operator==(const Range&, const Range&) = default;
};

struct File {
    /// As the compiler recorded it: absolute, or relative to `directory`.
    std::string path;
    /// The directory in which the compiler ran; empty if unknown.
    std::string directory {};
    std::optional<std::array<uint8_t, 16>> md5 {};
    /// Whether the debug information contains its text: see `Symbols::text_of`.
    bool has_text = false;

    friend bool operator==(const File&, const File&) = default;
};

/// A place in a source file.
struct Place {
    FileId file {};
    /// From 1; 0 for code that belongs to no line.
    uint32_t line = 0;
    /// From 1; 0 if unknown.
    uint32_t column = 0;

    friend bool operator==(const Place&, const Place&) = default;
};

/// A row of the line table: the instructions of a range belong to a place.
struct Row {
    Range range;
    Place place;
    /// Whether a debugger should stop there.
    bool is_statement = true;
    /// Whether the function's prologue has ended here: parameters have their values.
    bool is_prologue_end = false;

    friend bool operator==(const Row&, const Row&) = default;
};

/// What compiled a part of the module.
struct Producer {
    Language language = Language::Unknown;
    /// `clang version 22.1.8`
    std::string name;
    /// The version of DWARF; 0 for other kinds of debug information.
    uint16_t version = 0;
    uint32_t units = 0;

    friend bool operator==(const Producer&, const Producer&) = default;
};

/// The debug information of a module at a glance.
struct Summary {
    std::vector<File> files {};
    /// The one with the most units first.
    std::vector<Producer> producers {};
    uint32_t functions = 0;
    /// The content of the module's `build_id` section.
    std::vector<uint8_t> build_id {};
    /// Whether there is anything besides names: without rows nothing else is known.
    bool has_lines = false;
    bool has_variables = false;
    /// What could not be read, a sentence each.
    std::vector<std::string> problems {};

    friend bool operator==(const Summary&, const Summary&) = default;
};

/// A copy of a function in the body of another one.
struct InlinedCopy {
    std::vector<Range> ranges;
    /// Where execution enters it.
    CodeOffset entry = 0;

    friend bool operator==(const InlinedCopy&, const InlinedCopy&) = default;
};

/// A function of the source.
struct Function {
    FunctionId id {};
    /// With its scopes, without parameters: `deposit`, `bank::Account::deposit`, `app::main`.
    std::string name;
    /// `_ZN4bank...`; empty if it is the name.
    std::string linkage_name {};
    /// Empty if all its copies are inlined.
    std::vector<Range> ranges {};
    /// Pushes the base of the frame, on which locations of its variables are based. Empty if none.
    Expression frame_base {};
    TypeId result {};
    std::vector<TypeId> parameters {};
    Place declared {};
    Language language = Language::Unknown;
    /// The size of an address: 4, or 8 with a 64-bit memory.
    uint8_t address_bytes = 4;
    /// Only in answers of `functions_named`.
    std::vector<InlinedCopy> copies {};

    friend bool operator==(const Function&, const Function&) = default;
};

/// A part of a function that has variables of its own: the whole function, an inlined call in it,
/// or a block.
struct Scope {
    enum class Kind : uint8_t { Function, Inlined, Block };

    Kind kind = Kind::Function;
    /// The function, or the inlined one. For a block, the function that it is written in.
    FunctionId function {};
    /// Its name, as in `Function`.
    std::string name {};
    std::vector<Range> ranges {};
    /// Where an inlined function was called.
    Place call {};
    /// Parameters first, in the order of the source.
    std::vector<VariableId> variables {};

    friend bool operator==(const Scope&, const Scope&) = default;
};

/// Where a variable is while the program executes a range.
struct Location {
    Range range;
    Expression expression;

    friend bool operator==(const Location&, const Location&) = default;
};

struct Variable {
    enum class Kind : uint8_t { Parameter, Local, Static, Global, ThreadLocal };

    VariableId id {};
    Kind kind = Kind::Local;
    /// With its scopes if it is not local: `bank::accounts`.
    std::string name;
    std::string linkage_name {};
    TypeId type {};
    Place declared {};
    /// Made by the compiler, such as `this`.
    bool is_artificial = false;
    /// Several for a variable that moves; none if it was optimized out. A range of the whole module
    /// for one that does not move.
    std::vector<Location> locations {};
    /// Its bytes if it is a constant that lives nowhere.
    std::optional<std::vector<uint8_t>> constant {};

    friend bool operator==(const Variable&, const Variable&) = default;
};

struct Member {
    /// Empty for an anonymous member and for a base class.
    std::string name {};
    TypeId type {};
    /// In bytes.
    uint64_t offset = 0;
    /// For a bit field: its bits, counted from the lowest bit of the byte at `offset`. Else 0.
    uint32_t bit_offset = 0, bit_size = 0;
    bool is_base_class = false;
    bool is_artificial = false;

    friend bool operator==(const Member&, const Member&) = default;
};

struct Enumerator {
    std::string name;
    /// Sign-extended, or the bits of an unsigned value.
    int64_t value = 0;

    friend bool operator==(const Enumerator&, const Enumerator&) = default;
};

/// One of the alternatives of a variant type, such as an enum of Rust.
struct Variant {
    /// The values of the discriminant, as inclusive ranges. Empty: all that no other variant has.
    std::vector<std::array<int64_t, 2>> values {};
    Member member;

    friend bool operator==(const Variant&, const Variant&) = default;
};

struct TemplateArgument {
    std::string name {};
    /// The argument, or the type of the value.
    TypeId type {};
    std::optional<int64_t> value {};

    friend bool operator==(const TemplateArgument&, const TemplateArgument&) = default;
};

struct Type {
    enum class Kind : uint8_t {
        Unknown,
        // Basic types: `size` says how wide.
        Bool,
        Signed,
        Unsigned,
        Float,
        Character, ///< with the sign of `is_signed`, or a code unit of UTF if `is_utf`
        Pointer,   ///< to `target`; `void *` if that is 0
        Reference,
        Struct, ///< also a class
        Union,
        Enum,     ///< over the integer type `target`, if that is known
        Array,    ///< of `target`
        Function, ///< from `parameters` to `target`
        Typedef,
        // Qualifiers of `target`.
        Const,
        Volatile,
        Other,       ///< another qualifier, such as `_Atomic` or `restrict`
        Unspecified, ///< `decltype(nullptr)`, `!`, `anyopaque`
        MemberPointer,
        Complex,
    };

    TypeId id {};
    Kind kind = Kind::Unknown;
    Language language = Language::Unknown;
    /// With its scopes and template arguments, as the compiler writes them:
    /// `std::__2::vector<int>`, `core::option::Option<u32>`. Empty for types that are made of
    /// others, such as `int *`.
    std::string name {};
    uint64_t size = 0;
    TypeId target {};
    bool is_signed = false, is_utf = false;
    /// Only declared here: look for the definition by its name.
    bool is_declaration = false;
    std::vector<Member> members {};
    std::vector<Enumerator> enumerators {};
    /// For an array: the number of elements in each dimension, none where it is not known.
    std::vector<std::optional<uint64_t>> dimensions {};
    std::vector<TypeId> parameters {};
    std::vector<TemplateArgument> arguments {};
    /// What tells the variants apart, if they have a discriminant.
    std::optional<Member> discriminant {};
    std::vector<Variant> variants {};
    /// For the type of a table of virtual functions: the type that it belongs to.
    TypeId containing {};
    Place declared {};

    friend bool operator==(const Type&, const Type&) = default;
};

/// Which names are meant.
struct Pattern {
    enum class Match : uint8_t {
        /// The whole name, or its end after a `::` or `.`. Parameters and template arguments count
        /// only if the pattern has them. Linkage names match as a whole.
        Name,
        /// Names that begin with the text, in their last component or as a whole.
        Prefix,
        /// A regular expression (ECMAScript) that matches a part of the name.
        Regex,
        /// Only of types: the enumerations that have an enumerator with this name.
        Enumerator,
    };

    std::string text;
    Match match = Match::Name;
    /// How many answers are wanted at most.
    uint32_t limit = 1000;

    friend bool operator==(const Pattern&, const Pattern&) = default;
};

/// Answers questions about a module's debug information. Malformed information yields fewer
/// answers, never an error. Any thread may ask; implementations have a lock.
class Symbols {
public:
    virtual ~Symbols() = default;

    virtual Summary summary() = 0;
    /// The text of a file, if the debug information contains it.
    virtual std::optional<std::string> text_of(FileId file) = 0;

    virtual std::optional<Row> row_at(CodeOffset offset) = 0;
    /// The rows of lines `first` to `last` of a file, by offset.
    virtual std::vector<Row> rows_of(FileId file, uint32_t first, uint32_t last) = 0;
    /// The rows that overlap a range, by offset: those of a function, for example.
    virtual std::vector<Row> rows_in(Range range) = 0;

    /// The compiled function that contains the instruction.
    virtual std::optional<Function> function_at(CodeOffset offset) = 0;
    virtual std::optional<Function> function(FunctionId id) = 0;
    /// Functions of the source, with their inlined copies.
    virtual std::vector<Function> functions_named(const Pattern& pattern) = 0;
    /// The scopes that contain the instruction, innermost first. The last one is the compiled
    /// function. At most 128 of them are inlined.
    virtual std::vector<Scope> scopes_at(CodeOffset offset) = 0;
    /// The inlined calls that overlap a range, each after those that contain it. Made from
    /// `scopes_at`, with a question for each row; a reader can do better.
    virtual std::vector<Scope> inlined_in(Range range);

    /// In the order of the ids; without those that are not known.
    virtual std::vector<Variable> variables(std::span<const VariableId> ids) = 0;
    /// Variables that are not local.
    virtual std::vector<Variable> globals(const Pattern& pattern) = 0;
    /// A type of kind `Unknown` if there is none with that id.
    virtual Type type(TypeId id) = 0;
    /// The definition of the type with that name, such as `account`, `bank::Account`, `unsigned
    /// int`.
    virtual std::optional<TypeId> find_type(std::string_view name) = 0;
    /// Definitions of types that have a name, in the order of the debug information; with
    /// `Enumerator` also those without. By default none is known.
    virtual std::vector<TypeId> types_named(const Pattern& pattern);
    /// The variable whose storage begins at this address: a table of virtual functions.
    virtual std::optional<Variable> variable_at(uint64_t address) = 0;
};

} // namespace vitrine::core::source
