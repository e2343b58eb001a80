import ProtoWire
import Testing

@testable import protoc_gen_protowire

@Suite struct CommentsTests {
  private let file: Google_Protobuf_FileDescriptorProto = .with {
    $0.name = "shop/v1/shop.proto"
    $0.package = "shop.v1"
    $0.syntax = "proto3"
    $0.messageType = [
      .with {
        $0.name = "Item"
        $0.field = [
          .with {
            $0.name = "name"
            $0.number = 1
            $0.type = .string
            $0.label = .optional
          }
        ]
      }
    ]
    $0.sourceCodeInfo = .with {
      $0.location = [
        .with {
          $0.path = [4, 0]
          $0.leadingComments = " What is sold.\n\n It ends a raw string: \"\"\"#\n"
        },
        .with {
          $0.path = [4, 0, 2, 0]
          $0.leadingComments = " | Between bars |\n"
        },
      ]
    }
  }

  private func content(_ parameter: String) -> String {
    let response = Generator.respond(
      to: .with {
        $0.fileToGenerate = ["shop/v1/shop.proto"]
        $0.parameter = parameter
        $0.protoFile = [file]
      })
    return response.file.first?.content ?? response.error ?? ""
  }

  @Test func commentsBecomeData() {
    let text = content("Visibility=public,Comments=true")
    let expected = ###"""

      extension ProtoComments {
        /// The comments of shop/v1/shop.proto.
        public static let shop_v1_shop = ProtoComments(
          ##"""
            shop.v1.Item
            | What is sold.
            |
            | It ends a raw string: """#
            shop.v1.Item.name
            | | Between bars |
            """##)
      }

      """###
    #expect(text.hasSuffix(expected))
  }

  @Test func theyAreLeftOutUnlessAskedFor() {
    #expect(!content("Visibility=public").contains("ProtoComments"))
    #expect(content("Comments=maybe") == "Comments is true or false, not maybe")
  }

  @Test func whatWasWrittenIsRead() {
    let comments = ProtoComments(
      """
      shop.v1.Item
      | What is sold.
      |
      | More.
      shop.v1.Item.name
      | | Between bars |
      """)
    #expect(comments["shop.v1.Item"] == "What is sold.\n\nMore.")
    #expect(comments["shop.v1.Item.name"] == "| Between bars |")
    #expect(comments["shop.v1.Other"] == nil)
  }
}
