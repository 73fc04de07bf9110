// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/printer.h"

#include "base/text.h"
#include "wasm/type_decoder.h"

#include <algorithm>
#include <bit>
#include <utility>

// [doc] Disassembly
//
// Prints one line per item, beginning with its offset. Modules may be invalid, so every index is
// checked. Long names, deep nesting and large signatures are truncated, so that a small file cannot
// produce huge output.

namespace vitrine::core {

namespace {

constexpr size_t max_name_bytes = 256;
constexpr size_t max_signature_types = 32;
constexpr size_t max_block_types = 8;
constexpr uint32_t max_indent = 40;
constexpr size_t max_data_bytes = 64;

bool is_id_char(char character)
{
    constexpr std::string_view others = "\"(),;[]{}";
    return character > ' ' && character < 0x7f && !others.contains(character);
}

std::string quoted(std::string_view text) { return "\"" + escaped(text) + "\""; }

std::string comment(std::string_view text) { return "(;" + std::string(text) + ";)"; }

/// `$name`, or the index if there is no name.
std::string reference(std::string_view name, uint32_t index)
{
    return name.empty() ? std::to_string(index) : identifier(name.substr(0, max_name_bytes), "", index);
}

/// `$name (;3;)`, as at the beginning of a declaration.
std::string declared(std::string_view name, uint32_t index)
{
    const std::string number = comment(std::to_string(index));
    return name.empty() ? number : identifier(name, "", index) + " " + number;
}

// -- Instructions, by immediate kind

/// Prints the immediates of an instruction. Each piece of text begins with a space.
class ImmediatePrinter {
public:
    ImmediatePrinter(const Instruction& instruction, const Module& module, std::optional<FuncIndex> function)
        : at_(instruction), module_(module), names_(module.names()), function_(function)
    {}

    std::string to_text() const;

private:
    static std::string number(uint64_t value) { return " " + std::to_string(value); }
    std::string item(ExternKind kind, uint32_t index) const
    {
        return " " + reference(module_.name_of(kind, index), index);
    }
    static std::string item(const NameMap& names, uint32_t index)
    {
        return " " + reference(names.find(index), index);
    }
    std::string type(uint32_t index) const { return item(names_.types, index); }
    std::string type_use(uint32_t index) const { return " (type" + type(index) + ")"; }
    /// Empty for memory 0 or table 0, whose index can be omitted.
    std::string unless_first(ExternKind kind, uint32_t index) const
    {
        return index == 0 ? "" : item(kind, index);
    }
    std::string two(ExternKind kind) const
    {
        return at_.index == 0 && at_.index2 == 0 ? "" : item(kind, at_.index) + item(kind, at_.index2);
    }
    std::string local() const;
    std::string block() const;
    std::string label_table() const;
    std::string call_indirect() const;
    std::string mem_arg() const;
    std::string lanes() const;
    std::string vector_constant() const;
    std::string heap() const;
    std::string types() const;
    std::string catches() const;

    const Instruction& at_;
    const Module& module_;
    const Names& names_;
    std::optional<FuncIndex> function_;
};

std::string ImmediatePrinter::to_text() const
{
    const uint32_t first = at_.index, second = at_.index2;
    switch (info(at_.op).immediate) {
    case Immediate::None:
    case Immediate::ZeroByte: return "";
    case Immediate::Block: return block();
    case Immediate::Label: return number(first);
    case Immediate::LabelTable: return label_table();
    case Immediate::Func: return item(ExternKind::Func, first);
    case Immediate::CallIndirect: return call_indirect();
    case Immediate::Type: return type(first);
    case Immediate::Local: return local();
    case Immediate::Global: return item(ExternKind::Global, first);
    case Immediate::Table: return item(ExternKind::Table, first);
    case Immediate::TableTable: return two(ExternKind::Table);
    case Immediate::TableInit: return unless_first(ExternKind::Table, second) + item(names_.elems, first);
    case Immediate::Elem: return item(names_.elems, first);
    case Immediate::Data: return item(names_.datas, first);
    case Immediate::Memory: return unless_first(ExternKind::Memory, first);
    case Immediate::MemoryMemory: return two(ExternKind::Memory);
    case Immediate::MemoryInit: return unless_first(ExternKind::Memory, second) + item(names_.datas, first);
    case Immediate::MemArg: return mem_arg();
    case Immediate::MemArgLane: return mem_arg() + number(first);
    case Immediate::Lane: return number(first);
    case Immediate::Lanes16: return lanes();
    case Immediate::I32: return " " + std::to_string(static_cast<int32_t>(at_.constant));
    case Immediate::I64: return " " + std::to_string(static_cast<int64_t>(at_.constant));
    case Immediate::F32: return " " + float_text(std::bit_cast<float>(static_cast<uint32_t>(at_.constant)));
    case Immediate::F64: return " " + float_text(std::bit_cast<double>(at_.constant));
    case Immediate::V128: return vector_constant();
    case Immediate::Heap: return heap();
    case Immediate::Ref:
    case Immediate::RefNull: return " " + at_.type.to_text();
    case Immediate::Types: return types();
    case Immediate::TypeField: return type(first) + " " + reference(names_.field(first, second), second);
    case Immediate::TypeCount: return type(first) + number(second);
    case Immediate::TypeData: return type(first) + item(names_.datas, second);
    case Immediate::TypeElem: return type(first) + item(names_.elems, second);
    case Immediate::TypeType: return type(first) + type(second);
    case Immediate::CastBranch: return number(first) + " " + at_.type.to_text() + " " + at_.type2.to_text();
    case Immediate::Tag: return item(ExternKind::Tag, first);
    case Immediate::Catches: return block() + catches();
    }
    std::unreachable();
}

std::string ImmediatePrinter::local() const
{
    return " " + reference(function_ ? names_.local(function_->value, at_.index) : "", at_.index);
}

std::string ImmediatePrinter::block() const
{
    switch (at_.block.kind) {
    case BlockType::Kind::Empty: return "";
    case BlockType::Kind::Value: return " (result " + at_.block.value.to_text() + ")";
    case BlockType::Kind::Type: break;
    }
    const SubType* found = module_.types.find(at_.block.type);
    const FuncType* func = found ? found->func() : nullptr;
    if (!func || func->params.size() + func->results.size() > max_block_types)
        return type_use(at_.block.type.value);
    const std::string text = func->to_text();
    return text.empty() ? "" : " " + text;
}

std::string ImmediatePrinter::label_table() const
{
    std::string text;
    const uint8_t* at = at_.vector.data();
    read_valid_leb<uint32_t>(at);
    while (at != at_.vector.data() + at_.vector.size())
        text += number(read_valid_leb<uint32_t>(at));
    return text;
}

std::string ImmediatePrinter::call_indirect() const
{
    return unless_first(ExternKind::Table, at_.index2) + type_use(at_.index);
}

std::string ImmediatePrinter::mem_arg() const
{
    std::string text = unless_first(ExternKind::Memory, at_.memory.memory.value);
    if (at_.memory.offset != 0)
        text += " offset=" + std::to_string(at_.memory.offset);
    const uint64_t align = uint64_t { 1 } << at_.memory.align;
    if (align != info(at_.op).access_bytes)
        text += " align=" + std::to_string(align);
    return text;
}

std::string ImmediatePrinter::lanes() const
{
    std::string text;
    for (const uint8_t lane : at_.vector)
        text += number(lane);
    return text;
}

std::string ImmediatePrinter::vector_constant() const
{
    std::string text = " i32x4";
    for (const uint64_t half : { at_.constant, at_.constant_high })
        text += " 0x" + hex_digits(half, 8) + " 0x" + hex_digits(half >> 32, 8);
    return text;
}

std::string ImmediatePrinter::heap() const
{
    if (at_.type.heap() == HeapKind::Defined)
        return type(at_.type.index());
    return " " + std::string(info(at_.type.heap()).text);
}

std::string ImmediatePrinter::types() const
{
    std::string text = " (result";
    ByteReader in(at_.vector);
    in.leb<uint32_t>();
    while (!in.at_end())
        text += " " + decode_value_type(in)->to_text();
    return text + ")";
}

std::string ImmediatePrinter::catches() const
{
    constexpr std::string_view words[] = { "catch", "catch_ref", "catch_all", "catch_all_ref" };
    std::string text;
    const uint8_t* at = at_.vector.data();
    for (auto left = read_valid_leb<uint32_t>(at); left > 0; --left) {
        const uint8_t kind = *at++;
        text += " (" + std::string(words[kind]);
        if (kind < 2)
            text += item(ExternKind::Tag, read_valid_leb<uint32_t>(at));
        text += number(read_valid_leb<uint32_t>(at)) + ")";
    }
    return text;
}

// -- Types

std::string to_text(const FieldType& field)
{
    const std::string type = field.packed_bytes == 0 ? field.type.to_text()
        : field.packed_bytes == 1                    ? "i8"
                                                     : "i16";
    return field.is_mutable ? "(mut " + type + ")" : type;
}

std::string to_text(const CompositeType& composite, const NameMap* field_names)
{
    if (const auto* func = std::get_if<FuncType>(&composite)) {
        const std::string text = func->to_text();
        return text.empty() ? "(func)" : "(func " + text + ")";
    }
    if (const auto* array = std::get_if<ArrayType>(&composite))
        return "(array " + to_text(array->element) + ")";
    std::string text = "(struct";
    uint32_t index = 0;
    for (const FieldType& field : std::get<StructType>(composite).fields) {
        const std::string_view name = field_names ? field_names->find(index++) : std::string_view();
        text += " (field " + (name.empty() ? "" : reference(name, 0) + " ") + to_text(field) + ")";
    }
    return text + ")";
}

std::string to_text(const Limits& limits)
{
    return (limits.is_64 ? "i64 " : "") + std::to_string(limits.min)
        + (limits.max ? " " + std::to_string(*limits.max) : "") + (limits.is_shared ? " shared" : "");
}

std::string to_text(const GlobalType& type)
{
    return type.is_mutable ? "(mut " + type.type.to_text() + ")" : type.type.to_text();
}

// -- Lines

class Disassembler {
public:
    explicit Disassembler(const Module& module) : module_(module), names_(module.names()) {}

    void print_module();
    void print_function(FuncIndex function);
    std::string take() { return std::move(out_); }
    /// Adds the offset of each line to the list from now on.
    void note_offsets(std::vector<CodeOffset>& offsets) { offsets_ = &offsets; }

private:
    void line(CodeOffset offset, uint32_t depth, std::string_view text);
    void print_types();
    void print_imports();
    void print_declarations();
    void print_exports();
    void print_elem(uint32_t index);
    void print_data(uint32_t index);
    void print_customs();
    void print_locals(FuncIndex function, ByteReader& in);
    void print_code(FuncIndex function, ByteReader& in);
    std::string type_text(ExternKind kind, uint32_t index) const;
    std::string header(FuncIndex function) const;
    std::string const_expr(const ConstExpr& expr) const;
    std::string segment_start(
        SegmentMode mode, ExternKind kind, uint32_t index, const ConstExpr& start) const;

    const Module& module_;
    const Names& names_;
    std::string out_;
    std::vector<CodeOffset>* offsets_ = nullptr;
};

void Disassembler::line(CodeOffset offset, uint32_t depth, std::string_view text)
{
    out_ += "0x" + hex_digits(offset, 6) + "  " + std::string(2 * std::min(depth, max_indent), ' ');
    out_ += text;
    out_ += '\n';
    if (offsets_)
        offsets_->push_back(offset);
}

void Disassembler::print_module()
{
    line(0, 0, names_.module.empty() ? "module" : "module " + identifier(names_.module, "", 0));
    print_types();
    print_imports();
    print_declarations();
    print_exports();
    if (module_.start)
        line(module_.start_offset, 0,
            "start "
                + reference(module_.name_of(ExternKind::Func, module_.start->value), module_.start->value));
    for (uint32_t i = 0; i < module_.elems.size(); ++i)
        print_elem(i);
    for (uint32_t i = module_.imported(ExternKind::Func); i < module_.functions.size(); ++i)
        print_function({ i });
    for (uint32_t i = 0; i < module_.datas.size(); ++i)
        print_data(i);
    print_customs();
}

void Disassembler::print_types()
{
    for (uint32_t i = 0; i < module_.types.size(); ++i) {
        const SubType& type = module_.types[{ i }];
        const bool is_grouped = type.group_size > 1;
        if (is_grouped && type.group_start == i)
            line(static_cast<CodeOffset>(type.offset), 0,
                "rec " + comment(std::to_string(type.group_size) + " types"));
        line(static_cast<CodeOffset>(type.offset), is_grouped,
            "type " + declared(names_.types.find(i), i) + " " + to_text(type, names_.find_fields(i)));
    }
}

void Disassembler::print_imports()
{
    for (const Import& import : module_.imports)
        line(import.offset, 0,
            "import " + quoted(import.module) + " " + quoted(import.name) + " "
                + type_text(import.kind, import.index));
}

/// Prints what is defined in the module, except functions, which are printed with their bodies.
void Disassembler::print_declarations()
{
    for (uint32_t i = module_.imported(ExternKind::Table); i < module_.tables.size(); ++i) {
        const TableDecl& table = module_.tables[{ i }];
        line(table.offset, 0,
            type_text(ExternKind::Table, i) + (table.init ? " " + const_expr(*table.init) : ""));
    }
    for (uint32_t i = module_.imported(ExternKind::Memory); i < module_.memories.size(); ++i)
        line(module_.memories[{ i }].offset, 0, type_text(ExternKind::Memory, i));
    for (uint32_t i = module_.imported(ExternKind::Tag); i < module_.tags.size(); ++i)
        line(module_.tags[{ i }].offset, 0, type_text(ExternKind::Tag, i));
    for (uint32_t i = module_.imported(ExternKind::Global); i < module_.globals.size(); ++i) {
        const GlobalDecl& global = module_.globals[{ i }];
        line(global.offset, 0, type_text(ExternKind::Global, i) + " " + const_expr(global.init));
    }
}

/// Kind, name and type of an entity: `memory (;0;) 1 2`.
std::string Disassembler::type_text(ExternKind kind, uint32_t index) const
{
    const std::string text =
        std::string(core::to_text(kind)) + " " + declared(module_.name_of(kind, index), index) + " ";
    switch (kind) {
    case ExternKind::Func:
        return text + "(type " + std::to_string(module_.functions[{ index }].type.value) + ")";
    case ExternKind::Table: {
        const TableType& type = module_.tables[{ index }].type;
        return text + to_text(type.limits) + " " + type.element.to_text();
    }
    case ExternKind::Memory: return text + to_text(module_.memories[{ index }].type.limits);
    case ExternKind::Global: return text + to_text(module_.globals[{ index }].type);
    case ExternKind::Tag: return text + "(type " + std::to_string(module_.tags[{ index }].type.value) + ")";
    }
    std::unreachable();
}

void Disassembler::print_exports()
{
    for (const Export& item : module_.exports)
        line(item.offset, 0,
            "export " + quoted(item.name) + " (" + std::string(core::to_text(item.kind)) + " "
                + std::to_string(item.index) + ")");
}

std::string Disassembler::const_expr(const ConstExpr& expr) const
{
    std::string text;
    ByteReader in(module_.bytes().subspan(expr.offset, expr.size - 1), expr.offset);
    while (!in.at_end()) {
        const auto instruction = decode_instruction(in);
        ASSERT(instruction);
        text += (text.empty() ? "(" : " (") + core::to_text(*instruction, module_, {}) + ")";
    }
    return text;
}

std::string Disassembler::segment_start(
    SegmentMode mode, ExternKind kind, uint32_t index, const ConstExpr& start) const
{
    if (mode == SegmentMode::Declarative)
        return " declare";
    if (mode == SegmentMode::Passive)
        return "";
    return " (" + std::string(core::to_text(kind)) + " " + reference(module_.name_of(kind, index), index)
        + ") (offset " + const_expr(start) + ")";
}

void Disassembler::print_elem(uint32_t index)
{
    const ElemSegment& elem = module_.elems[index];
    std::string text = "elem " + declared(names_.elems.find(index), index)
        + segment_start(elem.mode, ExternKind::Table, elem.table.value, elem.start);
    if (const auto* functions = std::get_if<std::vector<FuncIndex>>(&elem.items)) {
        text += " func";
        for (const FuncIndex function : *functions)
            text += " " + reference(module_.name_of(ExternKind::Func, function.value), function.value);
    } else {
        text += " " + elem.type.to_text();
        for (const ConstExpr& item : std::get<std::vector<ConstExpr>>(elem.items))
            text += " (item " + const_expr(item) + ")";
    }
    line(elem.offset, 0, text);
}

void Disassembler::print_data(uint32_t index)
{
    const DataSegment& data = module_.datas[index];
    const bool is_cut = data.bytes.size() > max_data_bytes;
    line(data.offset, 0,
        "data " + declared(names_.datas.find(index), index)
            + segment_start(data.mode, ExternKind::Memory, data.memory.value, data.start) + " "
            + quoted(text_of(data.bytes.first(std::min(data.bytes.size(), max_data_bytes))))
            + (is_cut ? " " + comment("of " + count_text(data.bytes.size(), "byte")) : ""));
}

void Disassembler::print_customs()
{
    for (const CustomSection& custom : module_.customs)
        line(custom.offset, 0,
            "custom " + quoted(custom.name) + " " + comment(count_text(custom.bytes.size(), "byte")));
}

void Disassembler::print_function(FuncIndex function)
{
    const FuncMeta& body = module_.meta(function);
    ByteReader in(
        module_.bytes().subspan(body.body_offset, body.end_offset - body.body_offset), body.body_offset);
    line(body.body_offset, 0, header(function));
    print_locals(function, in);
    print_code(function, in);
}

/// `func $double (;0;) (param $n i32) (result i32)`
std::string Disassembler::header(FuncIndex function) const
{
    std::string text = "func " + declared(module_.name_of(ExternKind::Func, function.value), function.value);
    const TypeIndex index = module_.functions[function].type;
    const SubType* found = module_.types.find(index);
    const FuncType* type = found ? found->func() : nullptr;
    if (!type || type->params.size() + type->results.size() > max_signature_types)
        return text + " (type " + std::to_string(index.value) + ")";
    for (uint32_t i = 0; i < type->params.size(); ++i) {
        const std::string_view name = names_.local(function.value, i);
        text += " (param " + (name.empty() ? "" : identifier(name, "", i) + " ") + type->params[i].to_text()
            + ")";
    }
    if (!type->results.empty())
        text += " " + FuncType { {}, type->results }.to_text();
    return text;
}

void Disassembler::print_locals(FuncIndex function, ByteReader& in)
{
    const NameMap* names = names_.find_locals(function.value);
    const SubType* type = module_.types.find(module_.functions[function].type);
    uint32_t local = type && type->func() ? static_cast<uint32_t>(type->func()->params.size()) : 0;
    const auto print = [&](CodeOffset offset, std::string_view name, const std::string& text,
                           uint32_t count) {
        const std::string times = count == 1 ? "" : " " + comment(std::to_string(count) + " times");
        line(offset, 1, "local " + (name.empty() ? "" : identifier(name, "", 0) + " ") + text + times);
    };
    for (auto groups = in.leb<uint32_t>().value_or(0); groups > 0; --groups) {
        const auto offset = static_cast<CodeOffset>(in.offset());
        const uint32_t count = in.leb<uint32_t>().value_or(0);
        const std::string text = decode_value_type(in).value_or(ValueType::bottom).to_text();
        uint32_t unnamed = names ? 0 : count;
        for (uint32_t i = 0; names && i < count; ++i) {
            const std::string_view name = names->find(local + i);
            if (name.empty()) {
                ++unnamed;
                continue;
            }
            if (unnamed > 0)
                print(offset, "", text, std::exchange(unnamed, 0));
            print(offset, name, text, 1);
        }
        if (unnamed > 0)
            print(offset, "", text, unnamed);
        local += count;
    }
}

void Disassembler::print_code(FuncIndex function, ByteReader& in)
{
    uint32_t depth = 1;
    while (!in.at_end()) {
        const auto instruction = decode_instruction(in);
        if (!instruction) {
            line(static_cast<CodeOffset>(in.offset()), depth, comment(instruction.error().to_text()));
            return;
        }
        const Op op = instruction->op;
        const Immediate immediate = info(op).immediate;
        const bool closes = op == Op::End || op == Op::Delegate;
        const bool divides = op == Op::Else || op == Op::Catch || op == Op::CatchAll;
        if (closes && depth > 0)
            --depth;
        line(instruction->offset, divides && depth > 0 ? depth - 1 : depth,
            core::to_text(*instruction, module_, function));
        if (immediate == Immediate::Block || immediate == Immediate::Catches)
            ++depth;
    }
}

} // namespace

std::string to_text(const SubType& type, const NameMap* field_names)
{
    if (type.is_final && !type.supertype)
        return to_text(type.composite, field_names);
    const std::string supertype = type.supertype ? std::to_string(*type.supertype) + " " : "";
    return (type.is_final ? "(sub final " : "(sub ") + supertype + to_text(type.composite, field_names) + ")";
}

std::string to_text(const Instruction& instruction, const Module& module, std::optional<FuncIndex> function)
{
    return std::string(info(instruction.op).text) + ImmediatePrinter(instruction, module, function).to_text();
}

std::string disassemble(const Module& module, FuncIndex function)
{
    Disassembler disassembler(module);
    disassembler.print_function(function);
    return disassembler.take();
}

DisassembledFunction disassemble_lines(const Module& module, FuncIndex function)
{
    DisassembledFunction result;
    Disassembler disassembler(module);
    disassembler.note_offsets(result.offsets);
    disassembler.print_function(function);
    result.text = disassembler.take();
    return result;
}

std::string disassemble(const Module& module)
{
    Disassembler disassembler(module);
    disassembler.print_module();
    return disassembler.take();
}

std::string identifier(std::string_view name, std::string_view fallback, uint32_t index)
{
    if (name.empty())
        return std::string(fallback) + "[" + std::to_string(index) + "]";
    return std::ranges::all_of(name, is_id_char) ? "$" + std::string(name) : "$" + quoted(name);
}

} // namespace vitrine::core
