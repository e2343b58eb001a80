/// The features of a field, by its edition or syntax; each scope may override them.
/// <https://protobuf.dev/editions/features/>
struct SchemaFeatures {
  var presence = Google_Protobuf_FeatureSet.FieldPresence.explicit
  var isOpen = true
  var isPacked = true
  var isDelimited = false
  var isUTF8 = true

  init(of file: Google_Protobuf_FileDescriptorProto) {
    switch file.syntax ?? "proto2" {
    case "editions": break
    case "proto3": presence = .implicit
    default:
      isOpen = false
      isPacked = false
      isUTF8 = false
    }
    apply(file.options?.features)
  }

  mutating func apply(_ features: Google_Protobuf_FeatureSet?) {
    guard let features else { return }
    if let presence = features.fieldPresence { self.presence = presence }
    if let type = features.enumType { isOpen = type == .open }
    if let encoding = features.repeatedFieldEncoding { isPacked = encoding == .packed }
    if let validation = features.utf8Validation { isUTF8 = validation == .verify }
    if let encoding = features.messageEncoding { isDelimited = encoding == .delimited }
  }

  func applying(_ features: Google_Protobuf_FeatureSet?) -> SchemaFeatures {
    var result = self
    result.apply(features)
    return result
  }
}
