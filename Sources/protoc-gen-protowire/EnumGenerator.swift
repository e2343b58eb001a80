import ProtoWire

/// Writes an enum.
struct EnumGenerator {
  let type: Schema.Enum
  let comments: Comments
  let path: [Int32]
  let visibility: Options.Visibility

  private var name: String { String(type.swiftName.split(separator: ".").last ?? "") }

  /// Each number once, under the name that has it first.
  private var cases: [(index: Int, name: String, number: Int32)] {
    var seen: Set<Int32> = []
    return values.filter { seen.insert($0.number).inserted }
  }

  /// Further names of a number, as far as they are others in Swift too.
  private var aliases: [(index: Int, name: String, number: Int32)] {
    var seen: Set<Int32> = []
    var names = Set(cases.map(\.name))
    return values.filter { !seen.insert($0.number).inserted && names.insert($0.name).inserted }
  }

  private var values: [(index: Int, name: String, number: Int32)] {
    zip(type.descriptor.value, type.cases).enumerated().map { index, pair in
      (index, pair.1, pair.0.number ?? 0)
    }
  }

  private func documentation(of index: Int) -> [String] {
    Comments.documentation(
      comments[path + [2, Int32(index)]], isDeprecated: type.descriptor.value[index].options?.deprecated)
  }

  func generate(_ code: inout CodeWriter) {
    code.documentation(Comments.documentation(comments[path], isDeprecated: type.descriptor.options?.deprecated))
    if type.isClosed {
      closed(&code)
    } else {
      open(&code)
    }
  }

  /// A raw-value enum.
  private func closed(_ code: inout CodeWriter) {
    let modifier = visibility.modifier
    code.block("\(modifier)enum \(name): Int32, WireClosedEnum, CaseIterable") { code in
      for value in cases {
        code.documentation(documentation(of: value.index))
        code.line("case \(value.name) = \(value.number)")
      }
      code.line()
      code.block("\(modifier)init()") { code in
        code.line("self = .\(cases.first?.name ?? "")")
      }
      aliases(&code)
    }
  }

  /// An enum with a case for all other numbers.
  private func open(_ code: inout CodeWriter) {
    let modifier = visibility.modifier
    code.block("\(modifier)enum \(name): WireEnum, CaseIterable") { code in
      for value in cases {
        code.documentation(documentation(of: value.index))
        code.line("case \(value.name)")
      }
      code.line("/// A number that this version of the .proto file has no name for.")
      code.line("case unrecognized(Int32)")
      code.line()
      code.line("/// All named values.")
      code.line("\(modifier)static let allCases: [\(name)] = [\(cases.map { "." + $0.name }.joined(separator: ", "))]")
      code.line()
      code.block("\(modifier)init()") { code in
        code.line("self = .\(cases.first?.name ?? "")")
      }
      code.line()
      code.block("\(modifier)init(rawValue: Int32)") { code in
        code.cases(of: "rawValue") { code in
          for value in cases { code.line("case \(value.number): self = .\(value.name)") }
          code.line("default: self = .unrecognized(rawValue)")
        }
      }
      code.line()
      code.line("/// The number on the wire.")
      code.block("\(modifier)var rawValue: Int32") { code in
        code.cases(of: "self") { code in
          for value in cases { code.line("case .\(value.name): \(value.number)") }
          code.line("case .unrecognized(let number): number")
        }
      }
      aliases(&code)
    }
  }

  private func aliases(_ code: inout CodeWriter) {
    for alias in aliases {
      guard let original = cases.first(where: { $0.number == alias.number }) else { continue }
      code.line()
      code.documentation(documentation(of: alias.index))
      code.line("\(visibility.modifier)static var \(alias.name): \(name) { .\(original.name) }")
    }
  }
}
