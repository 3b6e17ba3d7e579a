#include "model/access_expression.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "model/printable.h"

namespace distributary {
namespace {

using Kind = AccessExpression::Kind;
using Node = AccessExpression::Node;

// Parentheses that mean nothing may stand around each operator; so many open at once are still read.
constexpr size_t kOpenParenthesesMax = 4 * kAccessExpressionDepthMax;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool ends_name(char c) { return is_blank(c) || std::string_view("!&|()\"").find(c) != std::string_view::npos; }
bool is_compound(const Node& node) { return node.kind == Kind::all_of || node.kind == Kind::any_of; }

// Recursive descent: any = all { '|' all }, all = factor { '&' factor }, factor = { '!' } ( name | '(' any ')' ).
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Node> whole() {
    TRY(Node node, any());
    if (peek() != '\0') return expected("'&', '|' or the end");
    return node;
  }

 private:
  char peek() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  tl::unexpected<Error> expected(std::string_view what) const {
    std::string found = at_ < text_.size() ? quoted(text_.substr(at_), 20) : "the end";
    return fail(ErrorCode::invalid_argument,
                fmt::format("the access expression {} is wrong at character {}: expected {}, found {}", quoted(text_),
                            at_ + 1, what, found));
  }

  Result<Node> any() { return chain(Kind::any_of, '|'); }

  // Operands of one operator; a single one stands for itself, and a chain inside a chain of the same kind dissolves.
  Result<Node> chain(Kind kind, char sign) {
    Node out{kind, "", {}};
    do {
      TRY(Node operand, kind == Kind::any_of ? chain(Kind::all_of, '&') : factor());
      if (operand.kind == kind) {
        std::move(operand.children.begin(), operand.children.end(), std::back_inserter(out.children));
      } else {
        out.children.push_back(std::move(operand));
      }
    } while (accept(sign));
    if (out.children.size() == 1) return Node(std::move(out.children[0]));
    for (const Node& child : out.children) {
      if (child.kind == Kind::everyone) return combined_everyone();
    }
    return out;
  }

  bool accept(char sign) {
    if (peek() != sign) return false;
    ++at_;
    return true;
  }

  Result<Node> factor() {
    bool negated = false;
    bool any_sign = false;
    while (accept('!')) {
      negated = !negated;
      any_sign = true;
    }
    TRY(Node node, peek() == '(' ? parenthesis() : principal());
    if (any_sign && node.kind == Kind::everyone) return combined_everyone();
    if (!negated) return node;
    if (node.kind == Kind::negation) return Node(std::move(node.children[0]));
    Node out{Kind::negation, "", {}};
    out.children.push_back(std::move(node));
    return out;
  }

  Result<Node> parenthesis() {
    if (++open_ > kOpenParenthesesMax) {
      return fail(ErrorCode::too_large,
                  fmt::format("the access expression has more than {} open parentheses", kOpenParenthesesMax));
    }
    ++at_;
    TRY(Node node, any());
    if (!accept(')')) return expected("'&', '|' or ')'");
    --open_;
    return node;
  }

  Result<Node> principal() {
    size_t end = at_;
    while (end < text_.size() && !ends_name(text_[end])) ++end;
    std::string_view word = text_.substr(at_, end - at_);
    if (word == "p") {
      at_ = end;
      return Node{Kind::everyone, "", {}};
    }
    if (word.size() < 2 || word[1] != ':' || std::string_view("ugr").find(word[0]) == std::string_view::npos) {
      return expected("u:<user>, g:<group>, r:<role>, p, '!' or '('");
    }
    std::string_view name = word.substr(2);
    if (!is_principal_name(name)) {
      return expected(
          fmt::format("a name of 1 to {} printable characters after '{}'", kPrincipalNameBytesMax, word.substr(0, 2)));
    }
    at_ = end;
    return Node{word[0] == 'u' ? Kind::user : word[0] == 'g' ? Kind::group : Kind::role, std::string(name), {}};
  }

  tl::unexpected<Error> combined_everyone() const {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the access expression {} combines p (everyone) with something; p must stand alone",
                            quoted(text_)));
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t open_ = 0;
};

size_t depth_of(const Node& node) {
  size_t depth = 0;
  for (const Node& child : node.children) depth = std::max(depth, depth_of(child));
  return node.children.empty() ? 0 : depth + 1;
}

void print(const Node& node, std::string& out);

void print_operand(const Node& node, std::string& out) {
  if (!is_compound(node)) return print(node, out);
  out += '(';
  print(node, out);
  out += ')';
}

void print(const Node& node, std::string& out) {
  switch (node.kind) {
    case Kind::everyone: out += 'p'; return;
    case Kind::user: out += "u:" + node.name; return;
    case Kind::group: out += "g:" + node.name; return;
    case Kind::role: out += "r:" + node.name; return;
    case Kind::negation: out += '!'; return print_operand(node.children[0], out);
    case Kind::all_of:
    case Kind::any_of: break;
  }
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (i > 0) out += node.kind == Kind::all_of ? " & " : " | ";
    print_operand(node.children[i], out);
  }
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool holds(const Node& node, const Principal& who) {
  auto child_holds = [&](const Node& child) { return holds(child, who); };
  switch (node.kind) {
    case Kind::everyone: return true;
    case Kind::user: return node.name == who.user || node.name == who.user_id;
    case Kind::group: return contains(who.groups, node.name);
    case Kind::role: return contains(who.roles, node.name);
    case Kind::negation: return !holds(node.children[0], who);
    case Kind::all_of: return std::all_of(node.children.begin(), node.children.end(), child_holds);
    case Kind::any_of: return std::any_of(node.children.begin(), node.children.end(), child_holds);
  }
  return false;
}

Status check_size(size_t bytes) {
  if (bytes <= kAccessExpressionBytesMax) return {};
  return fail(ErrorCode::too_large, fmt::format("the access expression has {} bytes; at most {} are allowed", bytes,
                                                kAccessExpressionBytesMax));
}

}  // namespace

bool is_principal_name(std::string_view name) {
  return !name.empty() && name.size() <= kPrincipalNameBytesMax && is_printable(name) &&
         std::none_of(name.begin(), name.end(), ends_name);
}

Result<AccessExpression> AccessExpression::parse(std::string_view text) {
  TRY_STATUS(check_size(text.size()));
  AccessExpression out;
  if (std::all_of(text.begin(), text.end(), is_blank)) return out;
  TRY(Node root, Parser(text).whole());
  if (depth_of(root) > kAccessExpressionDepthMax) {
    return fail(ErrorCode::too_large,
                fmt::format("the access expression nests more than {} deep", kAccessExpressionDepthMax));
  }
  print(root, out.text_);
  TRY_STATUS(check_size(out.text_.size()));
  out.root_.push_back(std::move(root));
  return out;
}

AccessExpression AccessExpression::everyone() { return parse("p").value(); }

AccessExpression AccessExpression::only_user(std::string_view user) {
  CHECK(is_principal_name(user));
  return parse(fmt::format("u:{}", user)).value();
}

bool AccessExpression::allows(const Principal& principal) const { return !root_.empty() && holds(root_[0], principal); }

}  // namespace distributary
