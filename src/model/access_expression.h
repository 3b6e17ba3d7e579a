// Access control expressions: who may do something with a stream.
//
//   u:<user>  g:<group>  r:<role>  p (everyone)  ! not  & and  | or  ( )    blanks are ignored; & binds tighter than |
//
// The empty text means nobody. `p` stands alone. Users and groups may be given by name or by number. An expression is
// an immutable value; its text is the normal form, in which two equal expressions written differently (blanks, needless
// parentheses) read the same: `u:cfkane | (g:admin & !g:cl3)`. Callable from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace distributary {

inline constexpr size_t kAccessExpressionBytesMax = 64 * 1024;  // as given and in the normal form
inline constexpr size_t kAccessExpressionDepthMax = 32;         // operators within operators
inline constexpr size_t kPrincipalNameBytesMax = 255;

// Who is asking. Numbers of users and groups, where the operating system knows them, are further names.
struct Principal {
  std::string user;
  std::string user_id;              // "" if there is none
  std::vector<std::string> groups;  // names and numbers
  std::vector<std::string> roles;
};

class AccessExpression {
 public:
  AccessExpression() = default;  // nobody
  // Errors: invalid_argument (says where and what is expected), too_large.
  static Result<AccessExpression> parse(std::string_view text);
  static AccessExpression everyone();
  // The default of every permission: its creator. CHECKs that the name can stand in an expression.
  static AccessExpression only_user(std::string_view user);

  bool allows(const Principal& principal) const;
  bool is_nobody() const { return text_.empty(); }
  bool is_everyone() const { return text_ == "p"; }
  const std::string& text() const { return text_; }
  bool operator==(const AccessExpression& other) const { return text_ == other.text_; }

  enum class Kind : uint8_t { everyone, user, group, role, negation, all_of, any_of };
  struct Node {
    Kind kind = Kind::everyone;
    std::string name;            // of a user, group or role
    std::vector<Node> children;  // one of a negation; at least two of all_of and any_of
  };

 private:
  std::vector<Node> root_;  // none or one
  std::string text_;
};

// Whether a user, group or role name can stand in an expression: 1 to 255 printable bytes without blanks and ! & | ( )
// ".
bool is_principal_name(std::string_view name);

}  // namespace distributary
