#include "policy/expression/parser.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "policy/expression/lexer.hpp"
#include "policy/expression/literal.hpp"

namespace stellwerk::policy::expression {
namespace {

// Binary operators of one level, all left-associative.
int level_of(token_kind kind) {
  switch (kind) {
    case token_kind::logical_or: return 0;
    case token_kind::logical_and: return 1;
    case token_kind::equals:
    case token_kind::not_equals:
    case token_kind::less:
    case token_kind::less_equal:
    case token_kind::greater:
    case token_kind::greater_equal:
    case token_kind::keyword_in: return 2;
    case token_kind::plus:
    case token_kind::minus: return 3;
    case token_kind::star:
    case token_kind::slash:
    case token_kind::percent: return 4;
    default: return -1;
  }
}
constexpr int highest_level = 4;

std::optional<macro_kind> macro_named(std::string_view name, std::size_t arguments) {
  if (arguments == 3 && name == "map") return macro_kind::map;
  if (arguments != 2) return std::nullopt;
  if (name == "all") return macro_kind::all;
  if (name == "exists") return macro_kind::exists;
  if (name == "exists_one" || name == "existsOne") return macro_kind::exists_one;
  if (name == "filter") return macro_kind::filter;
  if (name == "map") return macro_kind::map;
  return std::nullopt;
}

// A null pointer means that `trouble_` is set; every caller passes it on.
class parser {
 public:
  parser(std::string_view source, std::vector<token> tokens) : source_{source}, tokens_{std::move(tokens)} {}

  boost::system::result<node_ptr, fault> run() {
    node_ptr root = expression();
    if (root && !at(token_kind::end))
      root = fail(fmt::format("expected an operator or the end, not '{}'", peek().text));
    if (!root) return *std::move(trouble_);
    return root;
  }

 private:
  [[nodiscard]] const token& peek() const { return tokens_[next_]; }
  [[nodiscard]] bool at(token_kind kind) const { return peek().kind == kind; }
  const token& take() { return tokens_[at(token_kind::end) ? next_ : next_++]; }
  bool take_if(token_kind kind) {
    if (!at(kind)) return false;
    take();
    return true;
  }

  node_ptr fail_at(std::size_t offset, std::string message) {
    if (!trouble_) trouble_ = make_fault(source_, offset, std::move(message));
    return nullptr;
  }
  node_ptr fail(std::string message) { return fail_at(peek().offset, std::move(message)); }

  bool expect(token_kind kind, std::string_view what) {
    if (take_if(kind)) return true;
    if (at(token_kind::end)) {
      fail(fmt::format("expected {} before the end", what));
    } else {
      fail(fmt::format("expected {}, not '{}'", what, peek().text));
    }
    return false;
  }

  node_ptr make(node_kind kind, std::size_t offset, std::string text = {}) {
    auto made = std::make_unique<node>();
    made->kind = kind;
    made->offset = offset;
    made->text = std::move(text);
    return made;
  }

  // Adds the child and keeps account of the depth; null when either is missing or the tree is too deep.
  node_ptr with(node_ptr parent, node_ptr child) {
    if (!parent || !child) return nullptr;
    parent->depth = std::max<std::uint16_t>(parent->depth, static_cast<std::uint16_t>(child->depth + 1));
    if (parent->depth > depth_max) return fail_at(child->offset, "the expression is too deep");
    parent->children.push_back(std::move(child));
    return parent;
  }

  node_ptr expression() {
    if (++nesting_ > nesting_max) return fail("the expression is nested too deeply");
    node_ptr out = conditional();
    --nesting_;
    return out;
  }

  node_ptr conditional() {
    node_ptr condition = binary(0);
    if (!condition || !at(token_kind::question)) return condition;
    node_ptr choice = make(node_kind::conditional, take().offset);
    choice = with(std::move(choice), std::move(condition));
    choice = with(std::move(choice), binary(0));
    if (!choice || !expect(token_kind::colon, "':'")) return nullptr;
    return with(std::move(choice), expression());
  }

  node_ptr binary(int level) {
    if (level > highest_level) return unary();
    node_ptr left = binary(level + 1);
    while (left && level_of(peek().kind) == level) {
      const token& op = take();
      node_ptr joined = make(node_kind::call, op.offset, std::string{op.text});
      joined->style = call_style::operation;
      if (op.kind == token_kind::logical_and) joined->kind = node_kind::logical_and;
      if (op.kind == token_kind::logical_or) joined->kind = node_kind::logical_or;
      joined = with(std::move(joined), std::move(left));
      left = with(std::move(joined), binary(level + 1));
    }
    return left;
  }

  node_ptr unary() {
    if (!at(token_kind::exclamation) && !at(token_kind::minus)) return member();
    const token op = take();
    if (op.kind == token_kind::minus && (at(token_kind::integer) || at(token_kind::real))) {
      return members_of(number(literal_sign::minus, op.offset));
    }
    if (++nesting_ > nesting_max) return fail("the expression is nested too deeply");
    node_ptr applied = make(node_kind::call, op.offset, op.kind == token_kind::minus ? "negate" : "!");
    applied->style = call_style::operation;
    applied = with(std::move(applied), unary());
    --nesting_;
    return applied;
  }

  node_ptr member() { return members_of(primary()); }

  node_ptr members_of(node_ptr operand) {
    for (;;) {
      if (!operand) return nullptr;
      if (at(token_kind::dot)) {
        operand = field_or_method(std::move(operand));
      } else if (at(token_kind::left_bracket)) {
        node_ptr indexed = make(node_kind::call, take().offset, "[]");
        indexed->style = call_style::operation;
        indexed = with(std::move(indexed), std::move(operand));
        operand = with(std::move(indexed), expression());
        if (operand && !expect(token_kind::right_bracket, "']'")) return nullptr;
      } else if (at(token_kind::left_brace) &&
                 (operand->kind == node_kind::name || operand->kind == node_kind::select)) {
        return fail("messages cannot be built in a condition");
      } else {
        return operand;
      }
    }
  }

  node_ptr field_or_method(node_ptr operand) {
    take();
    const token name = take();
    if (name.kind == token_kind::quoted_identifier) {
      auto selected = make(node_kind::select, name.offset, std::string{name.text.substr(1, name.text.size() - 2)});
      return with(std::move(selected), std::move(operand));
    }
    if (name.kind != token_kind::identifier) return fail_at(name.offset, "expected a name after '.'");
    if (!at(token_kind::left_parenthesis)) {
      return with(make(node_kind::select, name.offset, std::string{name.text}), std::move(operand));
    }
    take();
    node_ptr called = make(node_kind::call, name.offset, std::string{name.text});
    called->style = call_style::method;
    called = with(std::move(called), std::move(operand));
    called = arguments(std::move(called), token_kind::right_parenthesis, "')'");
    if (!called) return nullptr;
    if (const auto kind = macro_named(called->text, called->children.size() - 1))
      return macro(*kind, std::move(called));
    return called;
  }

  node_ptr macro(macro_kind kind, node_ptr called) {
    node& bound = *called->children[1];
    if (bound.kind != node_kind::name || bound.absolute) {
      return fail_at(bound.offset, fmt::format("the first argument of {}() must be a simple name", called->text));
    }
    node_ptr made = make(node_kind::macro, called->offset, std::move(bound.text));
    made->macro = kind;
    made->depth = called->depth;
    for (std::size_t i = 0; i < called->children.size(); ++i) {
      if (i != 1) made->children.push_back(std::move(called->children[i]));
    }
    return made;
  }

  // Expressions up to `closing`, appended to `parent`; a trailing comma is allowed in lists only.
  node_ptr arguments(node_ptr parent, token_kind closing, std::string_view what) {
    if (take_if(closing)) return parent;
    do {
      if (closing == token_kind::right_bracket && at(closing)) break;
      parent = with(std::move(parent), expression());
    } while (parent && take_if(token_kind::comma));
    if (!parent || !expect(closing, fmt::format("',' or {}", what))) return nullptr;
    return parent;
  }

  node_ptr map_entries(node_ptr parent) {
    while (parent && !at(token_kind::right_brace)) {
      parent = with(std::move(parent), expression());
      if (!parent || !expect(token_kind::colon, "':'")) return nullptr;
      parent = with(std::move(parent), expression());
      if (!take_if(token_kind::comma)) break;
    }
    if (!parent || !expect(token_kind::right_brace, "',' or '}'")) return nullptr;
    return parent;
  }

  node_ptr name_or_call(const token& first, bool absolute) {
    if (is_reserved(first.text)) return fail_at(first.offset, fmt::format("'{}' is a reserved word", first.text));
    if (!take_if(token_kind::left_parenthesis)) {
      node_ptr named = make(node_kind::name, first.offset, std::string{first.text});
      named->absolute = absolute;
      return named;
    }
    node_ptr called = make(node_kind::call, first.offset, std::string{first.text});
    called = arguments(std::move(called), token_kind::right_parenthesis, "')'");
    if (!called || called->text != "has") return called;
    if (called->children.size() != 1 || called->children.front()->kind != node_kind::select) {
      return fail_at(first.offset, "has() takes one field, as in has(metadata.order)");
    }
    node_ptr tested = std::move(called->children.front());
    tested->kind = node_kind::has;
    return tested;
  }

  node_ptr primary() {
    const token first = peek();
    switch (first.kind) {
      case token_kind::identifier: return name_or_call(take(), false);
      case token_kind::dot: {
        take();
        if (!at(token_kind::identifier)) return fail("expected a name after '.'");
        return name_or_call(take(), true);
      }
      case token_kind::left_parenthesis: {
        take();
        node_ptr inner = expression();
        if (inner && !expect(token_kind::right_parenthesis, "')'")) return nullptr;
        return inner;
      }
      case token_kind::left_bracket:
        take();
        return arguments(make(node_kind::list, first.offset), token_kind::right_bracket, "']'");
      case token_kind::left_brace: take(); return map_entries(make(node_kind::map, first.offset));
      case token_kind::end: return fail("the expression is incomplete");
      default: return literal();
    }
  }

  node_ptr literal() {
    const token& first = peek();
    switch (first.kind) {
      case token_kind::integer:
      case token_kind::unsigned_integer:
      case token_kind::real: return number(literal_sign::none, first.offset);
      case token_kind::string:
      case token_kind::bytes: return string(take());
      case token_kind::keyword_true: return constant(take(), value::boolean(true));
      case token_kind::keyword_false: return constant(take(), value::boolean(false));
      case token_kind::keyword_null: return constant(take(), value::null());
      default: return fail(fmt::format("expected an expression, not '{}'", first.text));
    }
  }

  node_ptr constant(const token& from, value v) {
    node_ptr made = make(node_kind::literal, from.offset);
    made->constant = v;
    return made;
  }

  node_ptr string(const token& from) {
    auto decoded = decode_string(from.text);
    if (!decoded) return fail_at(from.offset + decoded.error().offset, decoded.error().message);
    node_ptr made = make(node_kind::literal, from.offset, *std::move(decoded));
    made->constant = from.kind == token_kind::bytes ? value::bytes(made->text) : value::string(made->text);
    return made;
  }

  node_ptr number(literal_sign sign, std::size_t offset) {
    const token from = take();
    std::optional<value> read;
    if (from.kind == token_kind::real) {
      if (const auto d = decode_real(from.text)) read = value::real(sign == literal_sign::minus ? -*d : *d);
    } else if (from.kind == token_kind::unsigned_integer) {
      if (const auto u = decode_unsigned(from.text)) read = value::unsigned_integer(*u);
    } else if (const auto i = decode_integer(from.text, sign)) {
      read = value::integer(*i);
    }
    if (!read) return fail_at(offset, "the number is out of range");
    node_ptr made = make(node_kind::literal, offset);
    made->constant = *read;
    return made;
  }

  std::string_view source_;
  std::vector<token> tokens_;
  std::size_t next_ = 0;
  std::size_t nesting_ = 0;
  std::optional<fault> trouble_;
};

}  // namespace

boost::system::result<node_ptr, fault> parse(std::string_view source) {
  if (source.size() > source_size_max)
    return make_fault(source.substr(0, 80), 0, "the expression is longer than 32 KiB");
  auto tokens = tokenize(source);
  if (!tokens) return tokens.error();
  return parser{source, *std::move(tokens)}.run();
}

}  // namespace stellwerk::policy::expression
