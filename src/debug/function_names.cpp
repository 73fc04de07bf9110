// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/function_names.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace vitrine::core::debug {

namespace {

/// Reads the written name of a function up to its parameters.
class NameReader {
public:
    explicit NameReader(std::string_view name) : name_(name), rest_(name)
    {
        while (!rest_.empty() && !is_at_parameters())
            read();
    }

    /// The qualified name, with and without template arguments.
    std::string_view whole() const { return whole_; }
    std::string_view plain() const { return plain_; }

private:
    static constexpr std::string_view anonymous = "(anonymous namespace)", operator_word = "operator";

    static bool is_part_of_word(char byte)
    {
        return std::isalnum(static_cast<unsigned char>(byte)) || byte == '_';
    }

    /// The parameters of a function in which the name is defined are followed by more scopes.
    bool is_at_parameters() const
    {
        if (depth_ > 0 || !rest_.starts_with('(') || rest_.starts_with(anonymous))
            return false;
        const size_t end = name_.size() - rest_.size() + end_of_parentheses();
        return last_scope_ == name_.npos || last_scope_ < end;
    }
    size_t end_of_parentheses() const
    {
        size_t depth = 0;
        for (size_t i = 0; i < rest_.size(); ++i) {
            if (rest_[i] == '(')
                ++depth;
            else if (rest_[i] == ')' && --depth == 0)
                return i + 1;
        }
        return rest_.size();
    }

    void read()
    {
        const bool begins_word = whole_.empty() || !is_part_of_word(whole_.back());
        if (depth_ == 0 && rest_.starts_with(anonymous))
            take(anonymous.size());
        else if (depth_ == 0 && rest_.starts_with('('))
            take(end_of_parentheses());
        else if (depth_ == 0 && begins_word && is_at_operator())
            take(std::min(rest_.find('(', operator_word.size() + 1), rest_.size()));
        else if (depth_ == 0 && rest_.starts_with(' '))
            end_result();
        else
            read_byte();
    }

    bool is_at_operator() const
    {
        return rest_.starts_with(operator_word)
            && (rest_.size() == operator_word.size() || !is_part_of_word(rest_[operator_word.size()]));
    }

    void end_result()
    {
        whole_.clear();
        plain_.clear();
        rest_.remove_prefix(1);
    }

    void read_byte()
    {
        // The second half of an arrow ends no template arguments.
        const bool is_arrow = rest_.front() == '>' && whole_.ends_with('-');
        if (rest_.front() == '<')
            ++depth_;
        const bool is_inside = depth_ > 0;
        if (rest_.front() == '>' && depth_ > 0 && !is_arrow)
            --depth_;
        whole_ += rest_.front();
        if (!is_inside)
            plain_ += rest_.front();
        rest_.remove_prefix(1);
    }

    void take(size_t count)
    {
        whole_ += rest_.substr(0, count);
        plain_ += rest_.substr(0, count);
        rest_.remove_prefix(count);
    }

    const std::string_view name_;
    const size_t last_scope_ = name_.rfind("::");
    std::string_view rest_;
    size_t depth_ = 0;
    std::string whole_, plain_;
};

/// Whether the text is the name, or what is left of it without scopes on the left.
bool ends_with(std::string_view name, std::string_view text)
{
    return name.ends_with(text)
        && (name.size() == text.size() || name.substr(0, name.size() - text.size()).ends_with("::"));
}

} // namespace

bool is_source_name(std::string_view name, std::string_view text)
{
    if (text.empty())
        return false;
    const NameReader reader(name);
    // From the beginning of the qualified name on: with the parameters.
    const size_t begin = name.find(reader.whole());
    return ends_with(name, text) || ends_with(reader.whole(), text) || ends_with(reader.plain(), text)
        || (begin != name.npos && ends_with(name.substr(begin), text));
}

} // namespace vitrine::core::debug
