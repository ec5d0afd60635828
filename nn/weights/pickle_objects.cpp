// SPDX-License-Identifier: Apache-2.0
#include "nn/io/printable.h"
#include "nn/weights/pickle_machine.h"

namespace scarp::nn {

using Meaning = AllowedGlobal::Meaning;

namespace {

constexpr std::size_t kMostArguments = 32;

}  // namespace

void PickleMachine::push_global(const std::string& module, const std::string& name) {
  const AllowedGlobal* global = find_allowed_global(module, name);
  const std::string full = printable(module + "." + name);
  if (global == nullptr) {
    refuse(Defect::global_not_allowed,
           full +
               " is named, and nothing but tensors and plain data is read; if you trust the file, save its "
               "state dict alone");
  }
  if (global->meaning == Meaning::unsupported)
    refuse(Defect::unsupported, full + ": complex, quantised and sparse tensors are not read");
  PickleValue value;
  value.kind = Kind::global;
  value.global = global;
  push(value);
}

void PickleMachine::call() {
  const PickleValue arguments = pop();
  const PickleValue callee = pop();
  if (callee.kind != Kind::global) refuse(Defect::malformed_pickle, "what is called is no class or function");
  if (arguments.kind != Kind::tuple) refuse(Defect::malformed_pickle, "arguments are no tuple");
  push(result_of(*callee.global, arguments));
}

PickleValue PickleMachine::result_of(const AllowedGlobal& global, PickleValue arguments) {
  if (document_.sequence(arguments).size() > kMostArguments)
    refuse(Defect::malformed_pickle, "a call with more than 32 arguments");
  const std::vector<PickleValue> given = document_.sequence(arguments);
  switch (global.meaning) {
    case Meaning::ordered_dict:
      return dict_from(given);
    case Meaning::default_dict:
      return add_dict();
    case Meaning::empty_set:
      if (given.size() == 1 && given[0].kind == Kind::list) return PickleValue::at(Kind::set, given[0].index);
      return add_sequence(Kind::set, {});
    case Meaning::record:
      return PickleValue::at(Kind::record, 0);
    case Meaning::bytes_of_text:
      if (given.empty() || given[0].kind != Kind::text)
        refuse(Defect::malformed_pickle, "_codecs.encode of what is no text");
      return PickleValue::at(Kind::bytes, given[0].index);
    case Meaning::size:
      if (given.size() != 1 || (given[0].kind != Kind::tuple && given[0].kind != Kind::list))
        refuse(Defect::malformed_tensor, "torch.Size of what is no tuple");
      return PickleValue::at(Kind::tuple, given[0].index);
    case Meaning::rebuild_tensor:
      return rebuilt_tensor(given, false);
    case Meaning::rebuild_typed:
      return rebuilt_tensor(given, true);
    case Meaning::rebuild_parameter:
      if (given.empty() || given[0].kind != Kind::tensor)
        refuse(Defect::malformed_tensor, "a parameter of what is no tensor");
      return given[0];
    case Meaning::rebuild_from_type:
      return from_type(given);
    default:
      refuse(Defect::malformed_pickle, printable(global.name) + " is called, and is no function");
  }
}

// Python 2 hands an OrderedDict its pairs, a Counter its dict.
PickleValue PickleMachine::dict_from(const std::vector<PickleValue>& arguments) {
  if (arguments.empty()) return add_dict();
  if (arguments.size() == 1 && arguments[0].kind == Kind::dict) return arguments[0];
  if (arguments.size() != 1 || arguments[0].kind != Kind::list)
    refuse(Defect::malformed_pickle, "a dict of what are no pairs");
  const PickleValue made = add_dict();
  for (const PickleValue pair : document_.sequence(arguments[0])) {
    count_objects(1);  // pairs are copied: a list that many dicts are made of must not multiply
    const bool is_pair =
        (pair.kind == Kind::list || pair.kind == Kind::tuple) && document_.sequence(pair).size() == 2;
    if (!is_pair) refuse(Defect::malformed_pickle, "a dict of what are no pairs");
    document_.dicts[made.index].emplace_back(document_.sequence(pair)[0], document_.sequence(pair)[1]);
  }
  return made;
}

PickleValue PickleMachine::from_type(const std::vector<PickleValue>& arguments) {
  const bool sound = arguments.size() >= 3 && arguments[0].kind == Kind::global &&
                     arguments[1].kind == Kind::global && arguments[2].kind == Kind::tuple &&
                     arguments[1].global->meaning == Meaning::tensor_class &&
                     arguments[0].global->meaning != Meaning::rebuild_from_type;
  if (!sound) refuse(Defect::malformed_tensor, "_rebuild_from_type_v2 of what is no tensor");
  return result_of(*arguments[0].global, arguments[2]);
}

// The state of a dict is its attributes (a state dict's _metadata), that of a record its contents: unused.
void PickleMachine::build() {
  const PickleValue state = pop();
  const PickleValue object = top();
  const bool fillable =
      object.kind == Kind::record || object.kind == Kind::dict || object.kind == Kind::tensor;
  if (!fillable) refuse(Defect::malformed_pickle, "a state is given to what is no object");
  const bool plain = state.kind == Kind::dict || state.kind == Kind::tuple || state.kind == Kind::none;
  if (!plain) refuse(Defect::malformed_pickle, "a state that is no dict");
}

}  // namespace scarp::nn
