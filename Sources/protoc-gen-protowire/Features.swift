import ProtoWire

/// What an edition, or the older syntaxes, decide about a declaration. Inherited from file to message to field.
/// <https://protobuf.dev/editions/features/>
struct Features {
  enum Presence {
    case explicit, implicit, required
  }

  var presence = Presence.explicit
  var hasClosedEnums = false
  var isPacked = true
  var isDelimited = false
  var validatesUTF8 = true

  init(_ file: Google_Protobuf_FileDescriptorProto) {
    switch file.syntax ?? "proto2" {
    case "proto3":
      presence = .implicit
    case "proto2":
      hasClosedEnums = true
      isPacked = false
      validatesUTF8 = false
    default:
      break
    }
    apply(file.options?.features)
  }

  func applying(_ set: Google_Protobuf_FeatureSet?) -> Features {
    var features = self
    features.apply(set)
    return features
  }

  private mutating func apply(_ set: Google_Protobuf_FeatureSet?) {
    switch set?.fieldPresence {
    case .explicit: presence = .explicit
    case .implicit: presence = .implicit
    case .legacyRequired: presence = .required
    case .unknown, nil: break
    }
    switch set?.enumType {
    case .open: hasClosedEnums = false
    case .closed: hasClosedEnums = true
    case .unknown, nil: break
    }
    switch set?.repeatedFieldEncoding {
    case .packed: isPacked = true
    case .expanded: isPacked = false
    case .unknown, nil: break
    }
    switch set?.messageEncoding {
    case .lengthPrefixed: isDelimited = false
    case .delimited: isDelimited = true
    case .unknown, nil: break
    }
    switch set?.utf8Validation {
    case .verify: validatesUTF8 = true
    case .none_p: validatesUTF8 = false
    case .unknown, nil: break
    }
  }
}
